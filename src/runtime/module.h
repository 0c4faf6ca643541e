// Module: one body of configuration with its graph: the root's, that of an instance of a custom component, or a child of a
// foreach.
//
// load() replaces the graph: nodes with the same id stay as they are and get their new text; all are evaluated, each after its
// dependencies. give() only hands in other values from outside and evaluates what follows from them. Both go through the nodes
// one by one and wait for those that have to fetch something; one walk at a time, and what comes meanwhile waits for its end.
// Afterwards a node that publishes new exports has its direct dependants evaluated in the next turn of the loop, each once, and
// so on for as long as exports change.
// Threads: loop thread only. Lifetime: destroy after stop(), or unstarted. Spec: runtime.md 3, 4, 6, 7,
// 9, 10, modules.md 2.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "component/view.h"
#include "runtime/controller_metrics.h"
#include "runtime/loaded_graph.h"
#include "runtime/steps.h"
#include "runtime/update_queue.h"

namespace invar::runtime {

// Values from outside.
struct Given {
  std::map<std::string, syntax::Value> arguments;  // by their names
  std::map<std::string, syntax::Value> names;      // of a template: what is around it, and the item
};

struct ModuleText {
  std::vector<syntax::ast::BlockRef> blocks;
  BodyKind kind = BodyKind::kRoot;
  std::shared_ptr<const Definitions> outer;  // null for the root
  std::string module_path;
  Names gone = {};  // ids from outside that were left out (other_pipelines.h)
};

class Module {
 public:
  // `context.exports_changed` is set here. `own_exports_changed` is called when exports() changed other than by load() or give().
  Module(ModuleContext context, std::function<void()> own_exports_changed);
  ~Module();

  struct Outcome {
    syntax::Diagnostics diagnostics;
    // The new graph is current. A first load must be without any error; a later one needs only a good graph.
    bool applied = false;
  };
  using Done = std::move_only_function<void(Outcome)>;
  // `done` once: at once, or on the loop; never after stop(). One that comes while another is under way waits for its end; of
  // several that wait, the last counts, and the `done` of the others is dropped.
  void load(ModuleText text, Given given, Done done);
  void give(Given given, Done done);
  void start();
  void stop(async::Task done);

  [[nodiscard]] bool loaded() const { return loaded_; }
  [[nodiscard]] const std::string& id() const { return context_.id; }
  [[nodiscard]] const syntax::Value& exports() const {
    return exports_;
  }  // an object: export names and values
  [[nodiscard]] std::vector<component::ComponentView> list() const;
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view local_id) const;
  [[nodiscard]] std::optional<component::RunningComponent> running(std::string_view local_id) const;
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const;
  // The module of the id, which is this one's or one below; null when there is none.
  [[nodiscard]] const Module* find(std::string_view module_id) const;
  void each_module(const std::function<void(const Module&)>& visit) const;  // below this one, at any depth
  void tell(OtherPipelinesView& view) const;                                // of this one alone

 private:
  // One pass over nodes.
  struct Walk {
    std::vector<Graph::Index> nodes;                 // in the order of evaluation
    bool all = false;                                // of a load
    bool follows = false;                            // of give(): evaluate what depends on changed nodes, too
    std::set<Graph::Index> touched;                  // evaluated in any case
    std::set<Graph::Index> changed;                  // published something during the walk
    std::set<Graph::Index> blocked;                  // lack an argument, and what needs them
    std::map<Graph::Index, async::TimePoint> since;  // of updates: when the change came
    std::vector<syntax::Diagnostic> errors;
    async::TimePoint begin;
    bool built = false;
    log::Logger logger;  // evaluation: controller_path, controller_id and, of this walk alone, trace_id
  };
  [[nodiscard]] Walk new_walk() const;

  bool replace_graph(ModuleText text, const Given& given, syntax::Diagnostics& diagnostics);
  void give_values(const Given& given, Walk& walk);
  void walk(Walk walk, std::function<void()> end);
  void evaluate(Graph::Index index, async::Task done);
  void evaluated(Graph::Index index, async::TimePoint begin, bool could_start, const Evaluation& failure);
  [[nodiscard]] bool wants(Graph::Index index);
  [[nodiscard]] const Node* missing_need(Graph::Index index) const;
  void walk_ended();
  void end_load(Outcome outcome, Done& done);
  void evaluate_dependants(const std::vector<UpdateQueue::Update>& updates);
  void evaluate_deferred();
  void on_exports_changed(const Node& node);
  bool collect_exports();
  [[nodiscard]] std::map<std::string, syntax::Value> seen_by(const Node& node) const;
  void log_failure(const Node& node, const EvaluationFailure& failure) const;
  void log_warnings(const std::vector<Warning>& warnings) const;
  void schedule();
  [[nodiscard]] std::optional<component::ComponentView> view_of(Graph::Index node, bool details) const;
  [[nodiscard]] ModuleMetrics::Snapshot snapshot() const;
  [[nodiscard]] async::Loop& loop() const { return *context_.environment->loop; }

  ModuleContext context_;
  const std::function<void()> own_exports_changed_;
  log::Logger logger_;                          // controller_path and controller_id
  log::Logger scheduling_logger_;               // controller_id
  std::shared_ptr<const syntax::Scope> scope_;  // the module's own variables
  std::vector<const syntax::Source*> files_;    // of the text, in its order
  LoadedGraph graph_;
  syntax::Value exports_ = syntax::Value::object({});
  std::optional<Walk> walk_;
  std::optional<Graph::Index> evaluating_;
  std::vector<UpdateQueue::Update> waiting_updates_;  // that came during a walk
  async::Task pending_;                               // a load() or give() that came during a walk
  std::vector<Graph::Index>
      deferred_;  // to be evaluated when their namesakes of the graph before have stopped
  bool loaded_ = false, started_ = false, stopped_ = false;
  std::unique_ptr<ModuleMetrics> metrics_;
  UpdateQueue queue_;
  Scheduler scheduler_;
  Steps steps_;
  async::Alive alive_;
};

}  // namespace invar::runtime
