// ComponentNode: a component of the registry in the graph: its arguments, its exports, its health, and the component itself once it
// could be built.
//
// Life:    created (exports are zero values) -> built by the first evaluation that works -> started -> updated* -> stopped.
//          A failed build is tried again by the next evaluation; so is a failed update, whatever the arguments are then.
// Threads: loop thread only.
// Spec:    runtime.md 4, 5, 6, 8.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "component/component.h"
#include "component/view.h"
#include "runtime/health.h"
#include "runtime/node.h"
#include "runtime/scheduler.h"

namespace invar::runtime {

// What the nodes of one module share. The root's id is "".
struct ModuleContext {
  const Environment* environment = nullptr;
  std::string id;
  std::function<void(ComponentNode&)> exports_changed;

  [[nodiscard]] std::string path() const { return "/" + id; }  // of its components, in logs and metrics
};

class ComponentNode : public Node, public Runnable {
 public:
  ComponentNode(std::string id, std::string label, const component::Registration& registration,
                const ModuleContext& module);
  ~ComponentNode() override;

  Evaluation evaluate(const syntax::Scope& scope) override;
  [[nodiscard]] const syntax::Value* exports() const override;
  [[nodiscard]] ComponentNode* as_component() override { return this; }

  [[nodiscard]] const std::string& task_id() const override { return global_id_; }
  [[nodiscard]] bool can_start() const override { return component_ != nullptr && !ended_; }
  void start_task() override;
  void stop_task(async::Task done) override;
  void task_ended(const std::optional<Error>& error) override;

  [[nodiscard]] const component::Registration& registration() const { return *registration_; }
  [[nodiscard]] component::Health health() const;
  // Everything that the node knows by itself; the edges are the module's.
  [[nodiscard]] component::ComponentView view(bool details) const;

 private:
  Evaluation take_block(const syntax::Scope& scope);
  Result<> build(const syntax::Boxed& arguments);
  component::Options make_options();
  void publish(syntax::Boxed exports);
  [[nodiscard]] std::vector<component::Problem> problems(const component::Health& health) const;
  [[nodiscard]] UnixNanos now() const;

  const component::Registration* registration_;
  const ModuleContext* module_;
  std::string label_, global_id_;
  HealthParts health_;
  syntax::Boxed arguments_;  // the last that the component took
  bool update_failed_ = false;
  bool ended_ = false;
  syntax::Boxed exports_;
  mutable std::optional<syntax::Value> exports_value_;  // of exports_, made when somebody looks
  std::unique_ptr<metrics::Scope> metrics_;             // outlives the component
  std::unique_ptr<component::Component> component_;
  async::Alive alive_;
};

}  // namespace invar::runtime
