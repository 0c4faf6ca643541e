#include "runtime/module.h"

#include <algorithm>
#include <utility>

namespace invar::runtime {
namespace {

Duration since(const async::Loop& loop, async::TimePoint begin) {
  return std::chrono::duration_cast<Duration>(loop.now() - begin);
}

// Errors in the order of the text, whatever the order of evaluation was.
void sort_by_place(std::vector<syntax::Diagnostic>& diagnostics,
                   const std::vector<syntax::ast::BlockRef>& blocks) {
  std::unordered_map<const syntax::Source*, std::size_t> file_order;
  for (const auto& block : blocks) file_order.try_emplace(block.file->source.get(), file_order.size());
  std::ranges::stable_sort(diagnostics, {}, [&](const syntax::Diagnostic& diagnostic) {
    const auto& start = diagnostic.range.start;
    const auto file = file_order.find(start.source.get());
    return std::pair(file == file_order.end() ? file_order.size() : file->second, start.offset);
  });
}

}  // namespace

Module::Module(const Environment& environment, std::string id)
    : environment_(&environment),
      context_{&environment, std::move(id), [this](ComponentNode& node) { on_exports_changed(node); }},
      logger_(environment.logger.with({{"controller_path", "/"}, {"controller_id", context_.id}})),
      scheduling_logger_(environment.logger.with({{"controller_id", context_.id}})),
      scope_(std::make_shared<syntax::Scope>()),
      metrics_(std::make_unique<ModuleMetrics>(*environment.metrics, "/", context_.id,
                                               [this] { return snapshot(); })),
      queue_(*environment.loop,
             [this](const std::vector<UpdateQueue::Update>& updates) { evaluate_dependants(updates); }),
      scheduler_(*environment.loop, scheduling_logger_, environment.shutdown_deadline,
                 [this] { evaluate_deferred(); }) {}

Module::~Module() = default;

bool Module::load(const std::vector<syntax::ast::BlockRef>& blocks, Variables variables,
                  syntax::Diagnostics& diagnostics) {
  if (stopped_) return false;
  metrics_->set_evaluating(true);
  const bool applied = replace_graph(blocks, std::move(variables), diagnostics);
  metrics_->set_evaluating(false);
  if (applied && started_) schedule();
  return applied;
}

bool Module::replace_graph(const std::vector<syntax::ast::BlockRef>& blocks, Variables variables,
                           syntax::Diagnostics& diagnostics) {
  GraphRequest request{.blocks = &blocks, .module = &context_, .previous = &graph_};
  for (const auto& [name, value] : variables) request.variables.insert(name);
  std::vector<Warning> warnings;
  std::optional<LoadedGraph> next = make_graph(request, diagnostics, warnings);
  log_warnings(warnings);
  if (!next) return false;

  // The nodes that leave are held by the scheduler until they have stopped.
  graph_ = std::move(*next);
  for (const LoadedGraph::Item& item : graph_.items) item.node->set_block(item.block);
  auto scope = std::make_shared<syntax::Scope>();
  scope->variables = std::move(variables);
  scope_ = std::move(scope);
  queue_.clear();

  syntax::Diagnostics errors;
  evaluate_all(errors);
  const bool failed = !errors.empty();
  std::vector<syntax::Diagnostic> sorted(errors.begin(), errors.end());
  sort_by_place(sorted, blocks);
  for (syntax::Diagnostic& error : sorted) diagnostics.add(std::move(error));
  if (failed && !loaded_) {
    queue_.clear();
    graph_ = {};
    return false;
  }
  loaded_ = true;
  return true;
}

void Module::evaluate_all(syntax::Diagnostics& diagnostics) {
  const async::Loop& loop = *environment_->loop;
  const async::TimePoint begin = loop.now();
  logger_.info("starting complete graph evaluation");
  deferred_.clear();
  for (const Graph::Index index : graph_.order) {
    const LoadedGraph::Item& item = graph_.items[index];
    // Its namesake of an earlier graph still holds the data directory and whatever else goes by the id.
    if (item.component && !item.component->can_start() && scheduler_.is_stopping(item.component->task_id())) {
      deferred_.push_back(index);
      continue;
    }
    const async::TimePoint node_begin = loop.now();
    evaluating_ = index;
    Evaluation failure = evaluate(index);
    evaluating_.reset();
    logger_.info("finished node evaluation",
                 {{"node_id", item.node->id()}, {"duration", since(loop, node_begin)}});
    if (!failure) continue;
    log_failure(*item.node, *failure);
    for (syntax::Diagnostic& diagnostic : failure->diagnostics) diagnostics.add(std::move(diagnostic));
  }
  logger_.info("finished complete graph evaluation", {{"duration", since(loop, begin)}});
}

Evaluation Module::evaluate(Graph::Index node) {
  return graph_.items[node].node->evaluate(graph_.scope_for(node, scope_));
}

void Module::on_exports_changed(const ComponentNode& node) {
  const auto found = graph_.index_of.find(&node);
  if (found == graph_.index_of.end() || stopped_) return;
  if (evaluating_ == found->second) return;  // its dependants come later in the same walk
  queue_.push(found->second);
}

void Module::evaluate_dependants(const std::vector<UpdateQueue::Update>& updates) {
  const async::Loop& loop = *environment_->loop;
  std::map<std::size_t, async::TimePoint> waiting;  // by place, so that among them dependencies come first
  for (const UpdateQueue::Update& update : updates)
    for (const Graph::Index dependant : graph_.graph.dependants(update.node)) {
      const auto [entry, added] = waiting.try_emplace(graph_.place_of[dependant], update.since);
      if (!added) entry->second = std::min(entry->second, update.since);
    }

  metrics_->set_evaluating(true);
  bool built = false;
  for (const auto& [place, changed] : waiting) {
    const Graph::Index index = graph_.order[place];
    const LoadedGraph::Item& item = graph_.items[index];
    if (std::ranges::find(deferred_, index) != deferred_.end()) continue;
    const bool was_built = item.component && item.component->can_start();
    const async::TimePoint begin = loop.now();
    const Evaluation failure = evaluate(index);
    const Duration took = since(loop, begin);
    metrics_->observe_evaluation(item.node->id(), since(loop, changed) - took, took);
    logger_.debug("finished node evaluation", {{"node_id", item.node->id()}, {"duration", took}});
    if (failure) log_failure(*item.node, *failure);
    built = built || (item.component && item.component->can_start() && !was_built);
  }
  metrics_->set_queue_size(queue_.size());
  metrics_->set_evaluating(false);
  if (built && started_) scheduler_.start_ready();
}

void Module::evaluate_deferred() {
  for (const Graph::Index index : std::exchange(deferred_, {})) {
    const Evaluation failure = evaluate(index);
    if (failure) log_failure(*graph_.items[index].node, *failure);
  }
}

void Module::log_failure(const Node& node, const EvaluationFailure& failure) const {
  logger_.error("failed to evaluate config", {{"node", node.id()}, {"err", failure.chain}});
}

void Module::log_warnings(const std::vector<Warning>& warnings) const {
  for (const Warning& warning : warnings) {
    const char* key = warning.kind == Warning::Kind::kDeprecatedFunction ? "function" : "component";
    logger_.warn(warning_text(warning.kind), {{key, warning.name}});
  }
}

void Module::start() {
  if (started_ || stopped_) return;
  started_ = true;
  schedule();
}

void Module::schedule() {
  scheduling_logger_.info("scheduling loaded components and services");
  scheduler_.synchronize(graph_.task_groups());
}

void Module::stop(async::Task done) {
  stopped_ = true;
  queue_.clear();
  deferred_.clear();
  metrics_.reset();
  scheduler_.stop_all(std::move(done));
}

std::vector<component::ComponentView> Module::list() const {
  std::vector<component::ComponentView> views;
  for (Graph::Index index = 0; index < graph_.items.size(); ++index)
    if (graph_.items[index].component) views.push_back(view_of(index, false));
  return views;
}

std::optional<component::ComponentView> Module::details(std::string_view local_id) const {
  const auto found = graph_.ids.find(local_id);
  if (found == graph_.ids.end() || !graph_.items[found->second].component) return std::nullopt;
  return view_of(found->second, true);
}

component::ComponentView Module::view_of(Graph::Index node, bool details) const {
  component::ComponentView view = graph_.items[node].component->view(details);
  const auto add_ids = [this](const std::vector<Graph::Index>& nodes, std::vector<std::string>& out) {
    for (const Graph::Index index : nodes)
      if (graph_.items[index].component) out.push_back(graph_.items[index].node->id());
  };
  add_ids(graph_.graph.dependencies(node), view.references_to);
  add_ids(graph_.graph.dependants(node), view.referenced_by);
  add_ids(graph_.items[node].data_flow_edges_to, view.data_flow_edges_to);
  return view;
}

std::vector<std::string> Module::unhealthy_component_names() const {
  std::vector<std::string> names;
  for (const LoadedGraph::Item& item : graph_.items)
    if (item.component && item.component->health().state == component::HealthState::kUnhealthy)
      names.push_back(item.component->registration().name);
  return names;
}

ModuleMetrics::Snapshot Module::snapshot() const {
  ModuleMetrics::Snapshot snapshot;
  for (const LoadedGraph::Item& item : graph_.items) {
    if (!item.component) continue;
    ++snapshot.components[item.component->health().state];
    for (const Graph::Index to : item.data_flow_edges_to)
      snapshot.connections.emplace_back(item.node->id(), graph_.items[to].node->id());
  }
  return snapshot;
}

}  // namespace invar::runtime
