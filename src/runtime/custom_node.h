// CustomNode: an instance of a `declare`: its arguments, and the module that its declare's body became.
//
// The module is made by the first evaluation and loaded in place by later ones: with another body when its declare changed, with
// other values only when nothing but its arguments did. What it exports is what its module exports.
// Threads: loop thread only. Spec: runtime.md 4, 8, modules.md 1.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/module.h"
#include "runtime/node.h"

namespace invar::runtime {

class CustomNode : public TaskNode {
 public:
  CustomNode(std::string id, std::string name, std::string label, const ModuleContext& module);
  ~CustomNode() override;

  void evaluate(const syntax::Scope& scope, Done done) override;
  [[nodiscard]] const syntax::Value* exports() const override { return &exports_; }
  [[nodiscard]] bool takes_profiles(const std::string& field) const override;
  [[nodiscard]] bool can_start() const override { return inner_ != nullptr && inner_->loaded() && !ended(); }
  void start_task() override;
  void stop_task(async::Task done) override { inner_->stop(std::move(done)); }
  [[nodiscard]] std::optional<component::ComponentView> view(bool details) const override;
  [[nodiscard]] std::string component_name() const override { return name_; }
  void each_module(const std::function<void(const Module&)>& visit) const override;
  [[nodiscard]] const Module* module_above(std::string_view id) const override;

 private:
  Evaluation find_definition(Definition& out) const;
  Evaluation refuse_unknown_arguments(const Definition& definition,
                                      const std::map<std::string, syntax::Value>& arguments) const;
  Evaluation loaded(Module::Outcome outcome, bool first);
  void take_exports();

  const std::string name_, label_;
  std::map<std::string, syntax::Value> arguments_;
  Definition definition_;  // that the module was loaded from
  std::uint64_t generation_ = 0;
  Names gone_;  // arguments whose values were left out
  syntax::Value exports_ = syntax::Value::object({});
  std::unique_ptr<Module> inner_;
  async::Alive alive_;
};

// What is wrong in the body of a module, said with the instance in which it is.
std::vector<syntax::Diagnostic> in_instance(const syntax::Diagnostics& diagnostics,
                                            const syntax::ast::BlockRef& instance);

}  // namespace invar::runtime
