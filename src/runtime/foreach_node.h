// ForeachNode: its template as a module for each item of a collection.
//
// A child is known by the identity of its item: the same identity keeps its module, which only gets the new item; a vanished one
// is stopped; items that go wrong do so alone.
// Threads: loop thread only. Spec: runtime.md 8, modules.md 4.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/foreach_arguments.h"
#include "runtime/module.h"
#include "runtime/node.h"
#include "runtime/steps.h"

namespace invar::runtime {

class ForeachNode : public TaskNode {
 public:
  ForeachNode(std::string id, std::string label, const ModuleContext& module);
  ~ForeachNode() override;

  void evaluate(const syntax::Scope& scope, Done done) override;
  [[nodiscard]] bool can_start() const override { return evaluated_ && !ended(); }
  void start_task() override;
  void stop_task(async::Task done) override;
  [[nodiscard]] std::optional<component::ComponentView> view(bool details) const override;
  [[nodiscard]] std::string component_name() const override { return "foreach"; }
  void each_module(const std::function<void(const Module&)>& visit) const override;
  [[nodiscard]] const Module* module_above(std::string_view id) const override;

 private:
  struct Child {
    std::unique_ptr<Module> module;
    const syntax::ast::Block* body = nullptr;  // that it was loaded from
    Names gone;
    std::uint64_t generation = 0;
    syntax::Value item;
  };
  using Children = std::map<std::string, Child, std::less<>>;

  void take_items(const ForeachArguments& arguments);
  void load_child(const std::string& id, async::Task done);
  void child_loaded(const Module::Outcome& outcome);
  std::unique_ptr<Module> make_module(const std::string& id);
  void retire(Children::iterator child);
  void left(const std::string& id);

  const std::string label_;
  syntax::Boxed arguments_;
  std::map<std::string, syntax::Value> around_;  // values of what the template sees, by id
  std::unique_ptr<metrics::Registry> unseen_;    // where metrics go that are not shown; outlives the children
  Children children_;                            // by the last part of their ids
  std::map<std::string, std::unique_ptr<Module>> leaving_;
  std::vector<std::string> order_;          // of the items
  std::vector<syntax::Diagnostic> errors_;  // of the evaluation under way
  bool shows_metrics_ = false;
  bool evaluated_ = false, started_ = false;
  async::Task stopped_;
  Steps steps_;
  async::Alive alive_;
};

}  // namespace invar::runtime
