// Module: one scope of components with its graph: the root's, and later one for each instance of a custom
// component.
//
// load() replaces the graph: nodes with the same id stay as they are and get their new text; all are
// evaluated, each after its dependencies. Afterwards a component that publishes new exports has its direct
// dependants evaluated in the next turn of the loop, each once, and so on for as long as exports change.
// Threads: loop thread only. Lifetime: destroy after stop(), or unstarted. Spec: runtime.md 3, 4, 6, 7,
// 9, 10.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/view.h"
#include "runtime/controller_metrics.h"
#include "runtime/loaded_graph.h"
#include "runtime/update_queue.h"

namespace invar::runtime {

class Module {
 public:
  using Variables = std::map<std::string, syntax::Value, std::less<>>;

  // `id`: "" for the root. `environment` outlives the module.
  Module(const Environment& environment, std::string id);
  ~Module();

  // True when the new graph is current. A first load must be without any error; a later one needs only a good
  // graph.
  bool load(const std::vector<syntax::ast::BlockRef>& blocks, Variables variables,
            syntax::Diagnostics& diagnostics);
  void start();
  void stop(async::Task done);

  [[nodiscard]] bool loaded() const { return loaded_; }
  [[nodiscard]] std::vector<component::ComponentView> list() const;
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view local_id) const;
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const;

 private:
  bool replace_graph(const std::vector<syntax::ast::BlockRef>& blocks, Variables variables,
                     syntax::Diagnostics& diagnostics);
  void evaluate_all(syntax::Diagnostics& diagnostics);
  Evaluation evaluate(Graph::Index node);
  void evaluate_dependants(const std::vector<UpdateQueue::Update>& updates);
  void evaluate_deferred();
  void on_exports_changed(const ComponentNode& node);
  void log_failure(const Node& node, const EvaluationFailure& failure) const;
  void log_warnings(const std::vector<Warning>& warnings) const;
  void schedule();
  component::ComponentView view_of(Graph::Index node, bool details) const;
  ModuleMetrics::Snapshot snapshot() const;

  const Environment* environment_;
  ModuleContext context_;
  log::Logger logger_;                          // evaluation: controller_path and controller_id
  log::Logger scheduling_logger_;               // controller_id
  std::shared_ptr<const syntax::Scope> scope_;  // the module's own variables
  LoadedGraph graph_;
  std::optional<Graph::Index> evaluating_;  // during load()
  std::vector<Graph::Index>
      deferred_;  // to be evaluated when their namesakes of the graph before have stopped
  bool loaded_ = false, started_ = false, stopped_ = false;
  std::unique_ptr<ModuleMetrics> metrics_;
  UpdateQueue queue_;
  Scheduler scheduler_;
};

}  // namespace invar::runtime
