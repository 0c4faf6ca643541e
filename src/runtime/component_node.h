// ComponentNode: a component of the registry in the graph: its arguments, its exports, its health, and the component itself once it
// could be built.
//
// Life:    created (exports are zero values) -> built by the first evaluation that works -> started -> updated* -> stopped.
//          A failed build is tried again by the next evaluation; so is a failed update, whatever the arguments are then.
// Threads: loop thread only.
// Spec:    runtime.md 4, 5, 6, 8.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "component/component.h"
#include "runtime/node.h"

namespace invar::runtime {

class ComponentNode : public TaskNode {
 public:
  ComponentNode(std::string id, std::string label, const component::Registration& registration,
                const ModuleContext& module);
  ~ComponentNode() override;

  [[nodiscard]] const syntax::Value* exports() const override;
  [[nodiscard]] bool takes_profiles(const std::string& field) const override;
  [[nodiscard]] bool can_start() const override { return component_ != nullptr && !ended(); }
  void start_task() override;
  void stop_task(async::Task done) override;
  [[nodiscard]] std::optional<component::ComponentView> view(bool details) const override;
  [[nodiscard]] std::optional<component::RunningComponent> running() const override;
  [[nodiscard]] std::string component_name() const override { return registration_->name; }

 protected:
  Evaluation evaluate_now(const syntax::Scope& scope) override;
  [[nodiscard]] std::optional<component::Health> own_health() const override;

 private:
  Evaluation take_block(const syntax::Scope& scope);
  Result<> build(const syntax::Boxed& arguments);
  component::Options make_options();
  void publish(syntax::Boxed exports);
  void show_exports() const;
  [[nodiscard]] std::vector<component::Problem> problems(const component::Health& health) const;

  const component::Registration* registration_;
  const std::string label_;
  syntax::Boxed arguments_;  // the last that the component took
  bool update_failed_ = false;
  syntax::Boxed exports_;
  mutable std::optional<syntax::Value> exports_value_;  // of exports_, made when somebody looks
  const pipeline::Tap tap_;
  std::unique_ptr<metrics::Scope> metrics_;  // outlives the component
  std::unique_ptr<component::Component> component_;
  async::Alive alive_;
};

}  // namespace invar::runtime
