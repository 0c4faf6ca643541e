#include "runtime/module.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "runtime/module_nodes.h"

namespace invar::runtime {
namespace {

Duration since(const async::Loop& loop, async::TimePoint begin) {
  return std::chrono::duration_cast<Duration>(loop.now() - begin);
}

// Errors in the order of the text, whatever the order of evaluation was.
void sort_by_place(std::vector<syntax::Diagnostic>& diagnostics,
                   const std::vector<const syntax::Source*>& files) {
  std::ranges::stable_sort(diagnostics, {}, [&](const syntax::Diagnostic& diagnostic) {
    const auto& start = diagnostic.range.start;
    const auto file = std::ranges::find(files, start.source.get());
    return std::pair(file - files.begin(), start.offset);
  });
}

// "/" and what stands before the last slash of the id; and what stands behind it.
std::pair<std::string, std::string> split_id(const std::string& id) {
  const auto slash = id.rfind('/');
  if (slash == std::string::npos) return {"/", id};
  return {"/" + id.substr(0, slash), id.substr(slash + 1)};
}

}  // namespace

Module::Module(ModuleContext context, std::function<void()> own_exports_changed)
    : context_(std::move(context)),
      own_exports_changed_(std::move(own_exports_changed)),
      scope_(std::make_shared<syntax::Scope>()),
      queue_(*context_.environment->loop,
             [this](const std::vector<UpdateQueue::Update>& updates) { evaluate_dependants(updates); }),
      scheduler_(*context_.environment->loop,
                 context_.environment->logger.with({{"controller_id", context_.id}}),
                 context_.environment->shutdown_deadline, [this] { evaluate_deferred(); }) {
  const auto [path, id] = split_id(context_.id);
  context_.exports_changed = [this](Node& node) { on_exports_changed(node); };
  context_.definitions = [this]() -> const Definitions& { return *graph_.definitions; };
  context_.seen_by = [this](const Node& node) { return seen_by(node); };
  context_.gone_arguments = [this](const Node& node) {
    const auto found = graph_.gone_arguments.find(node.block()->block);
    return found == graph_.gone_arguments.end() ? Names() : found->second;
  };
  context_.gone = [this]() -> const Names& { return graph_.gone; };
  logger_ = context_.environment->logger.with({{"controller_path", path}, {"controller_id", id}});
  scheduling_logger_ = context_.environment->logger.with({{"controller_id", context_.id}});
  metrics_ = std::make_unique<ModuleMetrics>(*context_.metrics, path, id, [this] { return snapshot(); });
}

Module::~Module() = default;

void Module::load(ModuleText text, Given given, Done done) {
  Outcome outcome;
  if (stopped_) return done(std::move(outcome));
  if (walk_) {
    pending_ = [this, text = std::move(text), given = std::move(given), done = std::move(done)]() mutable {
      load(std::move(text), std::move(given), std::move(done));
    };
    return;
  }
  metrics_->set_evaluating(true);
  Walk walk = new_walk();
  walk.all = true;
  if (!replace_graph(std::move(text), given, outcome.diagnostics)) {
    metrics_->set_evaluating(false);
    return done(std::move(outcome));
  }
  give_values(given, walk);
  walk.nodes = graph_.order;
  walk.logger.info("starting complete graph evaluation");
  deferred_.clear();
  // Shared, as the end of a walk is copied and its `done` is not.
  auto state = std::make_shared<std::pair<Outcome, Done>>(std::move(outcome), std::move(done));
  this->walk(std::move(walk), [this, state] { end_load(std::move(state->first), state->second); });
}

void Module::end_load(Outcome outcome, Done& done) {
  walk_->logger.info("finished complete graph evaluation", {{"duration", since(loop(), walk_->begin)}});
  const bool failed = !walk_->errors.empty();
  sort_by_place(walk_->errors, files_);
  for (syntax::Diagnostic& error : walk_->errors) outcome.diagnostics.add(std::move(error));
  if (failed && !loaded_) {
    queue_.clear();
    graph_ = {};
  } else {
    loaded_ = true;
    outcome.applied = true;
    (void)collect_exports();
    if (started_) schedule();
  }
  walk_ended();
  done(std::move(outcome));
}

bool Module::replace_graph(ModuleText text, const Given& given, syntax::Diagnostics& diagnostics) {
  GraphRequest request{.blocks = &text.blocks,
                       .kind = text.kind,
                       .module = &context_,
                       .outer = text.outer,
                       .module_path = text.module_path,
                       .given = {},
                       .gone = std::move(text.gone),
                       .previous = &graph_};
  for (const auto& [name, value] : given.names) request.given.push_back(name);
  std::vector<Warning> warnings;
  std::optional<LoadedGraph> next = make_graph(request, diagnostics, warnings);
  log_warnings(warnings);
  if (!next) return false;

  // The nodes that leave are held by the scheduler until they have stopped.
  graph_ = std::move(*next);
  for (const LoadedGraph::Item& item : graph_.items) item.node->set_block(item.block);
  auto scope = std::make_shared<syntax::Scope>();
  scope->variables.emplace("module_path", syntax::Value(text.module_path));
  scope_ = std::move(scope);
  files_.clear();
  for (const auto& block : text.blocks)
    if (files_.empty() || files_.back() != block.file->source.get())
      files_.push_back(block.file->source.get());
  queue_.clear();
  waiting_updates_.clear();
  return true;
}

void Module::give(Given given, Done done) {
  if (stopped_ || !loaded_) return done({});
  if (walk_) {
    pending_ = [this, given = std::move(given), done = std::move(done)]() mutable {
      give(std::move(given), std::move(done));
    };
    return;
  }
  Walk walk = new_walk();
  walk.follows = true;
  give_values(given, walk);
  walk.nodes = graph_.order;
  auto kept = std::make_shared<Done>(std::move(done));
  this->walk(std::move(walk), [this, kept] {
    Outcome outcome{.applied = true};
    sort_by_place(walk_->errors, files_);
    for (syntax::Diagnostic& error : walk_->errors) outcome.diagnostics.add(std::move(error));
    (void)collect_exports();
    walk_ended();
    (*kept)(std::move(outcome));
  });
}

void Module::give_values(const Given& given, Walk& walk) {
  for (const auto& [name, node] : graph_.given) {
    const auto value = given.names.find(name);
    if (node->give(value == given.names.end() ? syntax::Value() : value->second))
      walk.changed.insert(graph_.index_of.at(node));
  }
  for (const auto& [name, node] : graph_.arguments) {
    const auto value = given.arguments.find(name);
    if (node->give(value == given.arguments.end() ? std::nullopt : std::optional(value->second)))
      walk.touched.insert(graph_.index_of.at(node));
  }
}

Module::Walk Module::new_walk() const {
  const std::size_t place = std::hash<std::string>()(context_.environment->instance_uid + "/" + context_.id);
  Walk walk;
  walk.logger = logger_.with({{"trace_id", fmt::format("{:016x}{:016x}", loop().unix_ns(), place)}});
  return walk;
}

void Module::walk(Walk next, std::function<void()> end) {
  walk_ = std::move(next);
  walk_->begin = loop().now();
  metrics_->set_evaluating(true);
  steps_.run(
      walk_->nodes.size(),
      [this](std::size_t step, async::Task done) {
        const Graph::Index index = walk_->nodes[step];
        if (wants(index))
          evaluate(index, std::move(done));
        else
          done();
      },
      std::move(end));
}

bool Module::wants(Graph::Index index) {
  const std::vector<Graph::Index>& needs = graph_.graph.dependencies(index);
  const auto any_in = [&](const std::set<Graph::Index>& set) {
    return !set.empty() && std::ranges::any_of(needs, [&](Graph::Index need) { return set.contains(need); });
  };
  if (any_in(walk_->blocked)) {
    walk_->blocked.insert(index);
    return false;
  }
  const bool wanted =
      walk_->all || walk_->touched.contains(index) || (walk_->follows && any_in(walk_->changed));
  if (!wanted) return false;
  // Its namesake of an earlier graph still holds the data directory and whatever else goes by the id.
  const Runnable* task = graph_.items[index].node->task();
  if (task != nullptr && !task->can_start() && scheduler_.is_stopping(task->task_id())) {
    if (std::ranges::find(deferred_, index) == deferred_.end()) deferred_.push_back(index);
    return false;
  }
  return true;
}

void Module::evaluate(Graph::Index index, async::Task done) {
  Node& node = *graph_.items[index].node;
  const Runnable* task = node.task();
  const bool could_start = task == nullptr || task->can_start();
  const async::TimePoint begin = loop().now();
  evaluating_ = index;
  node.evaluate(graph_.scope_for(index, scope_),
                alive_.bind([this, index, begin, could_start,
                             done = std::move(done)](const Evaluation& failure) mutable {
                  evaluating_.reset();
                  evaluated(index, begin, could_start, failure);
                  done();
                }));
}

void Module::evaluated(Graph::Index index, async::TimePoint begin, bool could_start,
                       const Evaluation& failure) {
  if (!walk_) return;  // stopped
  const Node& node = *graph_.items[index].node;
  const Duration took = since(loop(), begin);
  if (walk_->all)
    walk_->logger.info("finished node evaluation", {{"node_id", node.id()}, {"duration", took}});
  else
    walk_->logger.debug("finished node evaluation", {{"node_id", node.id()}, {"duration", took}});
  if (const auto changed = walk_->since.find(index); changed != walk_->since.end())
    metrics_->observe_evaluation(node.id(), since(loop(), changed->second) - took, took);
  Runnable* task = graph_.items[index].node->task();
  walk_->built = walk_->built || (!could_start && task->can_start());
  if (!failure) return;
  if (const Node* missing = missing_need(index)) {
    graph_.items[index].node->blame(missing->id());
    log_failure(node, {"it needs " + missing->id() + ", which failed", {}});
    return;
  }
  log_failure(node, *failure);
  if (dynamic_cast<const ArgumentNode*>(&node) != nullptr) walk_->blocked.insert(index);
  walk_->errors.insert(walk_->errors.end(), failure->diagnostics.begin(), failure->diagnostics.end());
}

const Node* Module::missing_need(Graph::Index index) const {
  for (const Graph::Index need : graph_.graph.dependencies(index))
    if (graph_.items[need].node->is_missing()) return graph_.items[need].node.get();
  return nullptr;
}

void Module::walk_ended() {
  const bool built = walk_->built;
  walk_.reset();
  metrics_->set_queue_size(queue_.size());
  metrics_->set_evaluating(false);
  if (built && started_) scheduler_.start_ready();
  for (const UpdateQueue::Update& update : std::exchange(waiting_updates_, {})) queue_.push(update.node);
  if (pending_)
    loop().post(alive_.bind([this, pending = std::exchange(pending_, {})]() mutable { pending(); }));
  else if (!deferred_.empty() && !scheduler_.stops_anything())
    loop().post(alive_.bind([this] { evaluate_deferred(); }));
}

void Module::on_exports_changed(const Node& node) {
  const auto found = graph_.index_of.find(&node);
  if (found == graph_.index_of.end() || stopped_) return;
  if (walk_ && evaluating_ == found->second && (walk_->all || walk_->follows)) {
    walk_->changed.insert(found->second);  // its dependants come later in the same walk
    return;
  }
  queue_.push(found->second);
}

void Module::evaluate_dependants(const std::vector<UpdateQueue::Update>& updates) {
  if (walk_) {
    waiting_updates_.insert(waiting_updates_.end(), updates.begin(), updates.end());
    return;
  }
  Walk walk = new_walk();
  std::map<std::size_t, Graph::Index> by_place;  // so that among them dependencies come first
  for (const UpdateQueue::Update& update : updates)
    for (const Graph::Index dependant : graph_.graph.dependants(update.node)) {
      if (std::ranges::find(deferred_, dependant) != deferred_.end()) continue;
      by_place.emplace(graph_.place_of[dependant], dependant);
      const auto [entry, added] = walk.since.try_emplace(dependant, update.since);
      if (!added) entry->second = std::min(entry->second, update.since);
      walk.touched.insert(dependant);
    }
  for (const auto& [place, node] : by_place) walk.nodes.push_back(node);
  this->walk(std::move(walk), [this] {
    const bool changed = collect_exports();
    walk_ended();
    if (changed) own_exports_changed_();
  });
}

void Module::evaluate_deferred() {
  if (walk_) return;  // its end comes here again
  Walk walk = new_walk();
  walk.nodes = std::exchange(deferred_, {});
  walk.touched.insert(walk.nodes.begin(), walk.nodes.end());
  if (walk.nodes.empty()) return;
  this->walk(std::move(walk), [this] { walk_ended(); });
}

std::map<std::string, syntax::Value> Module::seen_by(const Node& node) const {
  std::map<std::string, syntax::Value> out;
  for (const Graph::Index index : graph_.graph.dependencies(graph_.index_of.at(&node)))
    if (const syntax::Value* exports = graph_.items[index].node->exports())
      out.emplace(graph_.items[index].node->id(), *exports);
  return out;
}

bool Module::collect_exports() {
  std::vector<std::pair<std::string, syntax::Value>> fields;
  for (const auto& [name, node] : graph_.exports)
    if (node->value()) fields.emplace_back(name, *node->value());
  syntax::Value next = syntax::Value::object(std::move(fields));
  if (next == exports_) return false;
  exports_ = std::move(next);
  return true;
}

void Module::log_failure(const Node& node, const EvaluationFailure& failure) const {
  if (walk_->all && context_.id.empty()) return;  // whoever asked for the load tells what is wrong with it
  walk_->logger.error("failed to evaluate config", {{"node", node.id()}, {"err", failure.chain}});
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
  if (loaded_) schedule();
}

void Module::schedule() {
  scheduling_logger_.info("scheduling loaded components and services");
  scheduler_.synchronize(graph_.task_groups());
}

void Module::stop(async::Task done) {
  stopped_ = true;
  steps_.cancel();
  walk_.reset();
  queue_.clear();
  waiting_updates_.clear();
  deferred_.clear();
  pending_ = {};
  metrics_.reset();
  scheduler_.stop_all(std::move(done));
}

std::vector<component::ComponentView> Module::list() const {
  std::vector<component::ComponentView> views;
  for (Graph::Index index = 0; index < graph_.items.size(); ++index)
    if (auto view = view_of(index, false)) views.push_back(std::move(*view));
  return views;
}

std::optional<component::ComponentView> Module::details(std::string_view local_id) const {
  const auto found = graph_.ids.find(local_id);
  return found == graph_.ids.end() ? std::nullopt : view_of(found->second, true);
}

std::optional<component::RunningComponent> Module::running(std::string_view local_id) const {
  const auto found = graph_.ids.find(local_id);
  return found == graph_.ids.end() ? std::nullopt : graph_.items[found->second].node->running();
}

std::optional<component::ComponentView> Module::view_of(Graph::Index node, bool details) const {
  std::optional<component::ComponentView> view = graph_.items[node].node->view(details);
  if (!view) return std::nullopt;
  const auto add_ids = [this](const std::vector<Graph::Index>& nodes, std::vector<std::string>& out) {
    for (const Graph::Index index : nodes)
      if (!graph_.items[index].node->component_name().empty()) out.push_back(graph_.items[index].node->id());
  };
  add_ids(graph_.graph.dependencies(node), view->references_to);
  add_ids(graph_.graph.dependants(node), view->referenced_by);
  add_ids(graph_.data_flow_edges_to(node), view->data_flow_edges_to);
  return view;
}

std::vector<std::string> Module::unhealthy_component_names() const {
  std::vector<std::string> names;
  for (const LoadedGraph::Item& item : graph_.items) {
    std::string name = item.node->component_name();
    if (!name.empty() && item.node->health()->state == component::HealthState::kUnhealthy)
      names.push_back(std::move(name));
  }
  return names;
}

const Module* Module::find(std::string_view module_id) const {
  if (module_id == context_.id) return this;
  if (!context_.id.empty()) {
    if (!module_id.starts_with(context_.id + "/")) return nullptr;
    module_id.remove_prefix(context_.id.size() + 1);
  }
  const auto node = graph_.ids.find(module_id.substr(0, module_id.find('/')));
  if (node == graph_.ids.end()) return nullptr;
  const std::string whole = context_.global_id(std::string(module_id));
  const Module* above = graph_.items[node->second].node->module_above(whole);
  return above == nullptr ? nullptr : above->find(whole);
}

void Module::each_module(const std::function<void(const Module&)>& visit) const {
  for (const LoadedGraph::Item& item : graph_.items)
    item.node->each_module([&](const Module& module) {
      visit(module);
      module.each_module(visit);
    });
}

void Module::tell(OtherPipelinesView& view) const {
  for (const syntax::ast::BlockRef& ref : graph_.left_out) view.left_out(ref);
  for (const LoadedGraph::Item& item : graph_.items) {
    if (item.block) view.remains(*item.block);
    item.node->tell(view);
  }
}

ModuleMetrics::Snapshot Module::snapshot() const {
  ModuleMetrics::Snapshot snapshot;
  for (Graph::Index index = 0; index < graph_.items.size(); ++index) {
    const Node& node = *graph_.items[index].node;
    if (const auto health = node.health()) ++snapshot.components[health->state];
    if (node.component_name().empty()) continue;
    for (const Graph::Index to : graph_.data_flow_edges_to(index))
      if (!graph_.items[to].node->component_name().empty())
        snapshot.connections.emplace_back(node.id(), graph_.items[to].node->id());
  }
  return snapshot;
}

}  // namespace invar::runtime
