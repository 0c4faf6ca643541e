// Node: one vertex of the graph that a configuration describes; it is evaluated against a scope.
//
// A node outlives reloads for as long as its id stays in the configuration; set_block() gives it its new
// text. Kinds: config blocks (config_node.h), components (component_node.h), custom components (custom_node.h), foreach
// (foreach_node.h), imports (import_node.h), and what a module is given and gives (module_nodes.h).
// Threads: loop thread only. Spec: runtime.md 3, 4, 12; language.md 10.3 (texts).
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "component/view.h"
#include "runtime/controller.h"
#include "runtime/definitions.h"
#include "runtime/health.h"
#include "runtime/other_pipelines.h"
#include "runtime/other_pipelines_view.h"
#include "runtime/scheduler.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"
#include "syntax/evaluator.h"

namespace invar::runtime {

class Module;

struct EvaluationFailure {
  std::string chain;  // for logs and health: "decoding configuration: FILE:2:7: ..."
  std::vector<syntax::Diagnostic> diagnostics;
};
using Evaluation = std::optional<EvaluationFailure>;  // nothing: it worked

class Node {
 public:
  using Done = std::move_only_function<void(Evaluation)>;

  explicit Node(std::string id) : id_(std::move(id)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  [[nodiscard]] const std::string& id() const { return id_; }  // within its module
  [[nodiscard]] const std::optional<syntax::ast::BlockRef>& block() const { return block_; }
  void set_block(std::optional<syntax::ast::BlockRef> block) { block_ = std::move(block); }

  // `done` once: at once, or later on the loop when something has to be fetched first. Not called again before.
  virtual void evaluate(const syntax::Scope& scope, Done done) { done(evaluate_now(scope)); }
  // The evaluation that just failed had to do without a node that is missing: that is the reason, whatever was said.
  virtual void blame(const std::string& /*missing*/) {}
  // Its evaluation failed, and there is nothing from before: what it exports means nothing.
  [[nodiscard]] virtual bool is_missing() const { return false; }
  // What references to the node's id see; null when it is nothing that can be referred to.
  [[nodiscard]] virtual const syntax::Value* exports() const { return nullptr; }
  // Does what is exported by the name take profiles, so that they flow from the user to this node?
  [[nodiscard]] virtual bool takes_profiles(const std::string& /*field*/) const { return false; }
  // The part of it that is started and stopped, if there is one.
  [[nodiscard]] virtual Runnable* task() { return nullptr; }
  // Counted by its health in the metrics; nothing: not counted.
  [[nodiscard]] virtual std::optional<component::Health> health() const { return std::nullopt; }
  // Everything that the API shows of it but the edges, which are the module's; nothing: not shown.
  [[nodiscard]] virtual std::optional<component::ComponentView> view(bool /*details*/) const {
    return std::nullopt;
  }
  [[nodiscard]] virtual std::optional<component::RunningComponent> running() const { return std::nullopt; }
  [[nodiscard]] virtual std::string component_name() const { return {}; }  // of what is shown
  // The modules that it made, by their whole ids.
  virtual void each_module(const std::function<void(const Module&)>& /*visit*/) const {}
  // Of those the one with this whole id, or above it; null: none.
  [[nodiscard]] virtual const Module* module_above(std::string_view /*id*/) const { return nullptr; }
  // What was left out beside the module's graph.
  virtual void tell(OtherPipelinesView& /*view*/) const {}

 protected:
  virtual Evaluation evaluate_now(const syntax::Scope&) { return std::nullopt; }

 private:
  std::string id_;
  std::optional<syntax::ast::BlockRef> block_;
};

// What the nodes of one module share. The root's id is "".
struct ModuleContext {
  const Environment* environment = nullptr;
  std::string id;
  metrics::Registry* metrics = nullptr;             // where its components and the module itself are counted
  std::function<void(Node&)> exports_changed;       // or whatever else its dependants are to hear of
  std::function<const Definitions&()> definitions;  // what its custom components are made of
  std::function<std::map<std::string, syntax::Value>(const Node&)>
      seen_by;                                       // what a node depends on: exports by id
  std::function<Names(const Node&)> gone_arguments;  // of an instance: those whose values were left out
  std::function<const Names&()> gone;                // ids of the module that were
  ImportOrigin origin;                               // of its text

  [[nodiscard]] std::string global_id(const std::string& local) const {
    return id.empty() ? local : id + "/" + local;
  }
  [[nodiscard]] std::string path() const { return "/" + id; }  // of its components, in logs and metrics
};

// A node that runs: what components, custom components, foreach and imports have in common.
class TaskNode : public Node, public Runnable {
 public:
  void blame(const std::string& missing) override;
  [[nodiscard]] bool is_missing() const override { return failed_ && !can_start() && !ended_; }
  [[nodiscard]] Runnable* task() override { return this; }
  [[nodiscard]] const std::string& task_id() const override { return global_id_; }
  void task_ended(const std::optional<Error>& error) override;
  [[nodiscard]] std::optional<component::Health> health() const override;

 protected:
  TaskNode(std::string id, const ModuleContext& module, const HealthWords& words);
  ~TaskNode() override;

  [[nodiscard]] const ModuleContext& module() const { return *module_; }
  [[nodiscard]] UnixNanos now() const;
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] log::Logger logger() const;  // carries path and id
  void note_started();
  // Notes in the health what came of an evaluation, and hands it on.
  Evaluation noted(Evaluation evaluation);
  // The node's own part of the health.
  [[nodiscard]] virtual std::optional<component::Health> own_health() const { return std::nullopt; }
  // Ids and health.
  [[nodiscard]] component::ComponentView plain_view(std::string name, std::string label) const;

 private:
  const ModuleContext* module_;
  const std::string global_id_;
  HealthParts health_;
  bool failed_ = false;  // the last evaluation
  bool ended_ = false;
};

// The block's body as arguments; without a block, the schema's defaults.
std::expected<syntax::Boxed, std::vector<syntax::Diagnostic>> decode_arguments(
    const std::optional<syntax::ast::BlockRef>& block, const syntax::Schema& schema,
    const syntax::Scope& scope);

inline constexpr std::string_view kComponentHeadline = "Failed to build component";
inline constexpr std::string_view kConfigHeadline = "Failed to evaluate node for config block";

// Decoding errors as a failure: those without a position (all of them when `always_wrap`) are reported for
// the whole block as
// `<headline>: decoding configuration: <error>`.
EvaluationFailure decoding_failure(const std::optional<syntax::ast::BlockRef>& block,
                                   std::string_view headline, std::vector<syntax::Diagnostic> errors,
                                   bool always_wrap);
// `<headline>: <chain>` for the whole block.
EvaluationFailure block_failure(const std::optional<syntax::ast::BlockRef>& block, std::string_view headline,
                                std::string chain);

}  // namespace invar::runtime
