#include "runtime/foreach_node.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "runtime/custom_node.h"
#include "runtime/plan.h"

namespace invar::runtime {

ForeachNode::ForeachNode(std::string id, std::string label, const ModuleContext& module)
    : TaskNode(std::move(id), module, kForeachWords), label_(std::move(label)) {}

ForeachNode::~ForeachNode() = default;

void ForeachNode::evaluate(const syntax::Scope& scope, Done done) {
  auto decoded = decode_arguments(block(), foreach_schema(), scope);
  if (!decoded)
    return done(noted(decoding_failure(block(), kConfigHeadline, std::move(decoded).error(), true)));
  auto stray = stray_attributes(foreach_template(*block()->block)->body, block()->file);
  if (!stray.empty()) return done(noted(EvaluationFailure{stray.front().to_string(), std::move(stray)}));
  arguments_ = std::move(*decoded);
  const auto& arguments = arguments_.as<ForeachArguments>();
  around_ = module().seen_by(*this);
  evaluated_ = true;
  errors_.clear();
  take_items(arguments);
  steps_.cancel();
  steps_.run(
      order_.size(),
      [this](std::size_t step, async::Task next) { load_child(order_[step], std::move(next)); },
      [this, done = std::make_shared<Done>(std::move(done))] {
        Evaluation result;
        if (!errors_.empty())
          result = EvaluationFailure{errors_.front().to_string(), std::exchange(errors_, {})};
        (*done)(noted(std::move(result)));
      });
}

// Which children there are to be; those that are not any more are stopped.
void ForeachNode::take_items(const ForeachArguments& arguments) {
  if (arguments.enable_metrics != shows_metrics_) {
    while (!children_.empty()) retire(children_.begin());
    shows_metrics_ = arguments.enable_metrics;
  }
  std::map<std::string, int> count;
  std::map<std::string, syntax::Value> wanted;
  order_.clear();
  for (const syntax::Value& item : arguments.collection) {
    if (lacks_id(item, arguments))
      logger().warn("an item lacks the field that identifies it; the whole item does",
                    {{"id", arguments.id}});
    const std::string prefix = child_prefix(item, arguments);
    order_.push_back(prefix + "_" + std::to_string(++count[prefix]));
    wanted.emplace(order_.back(), item);
  }
  for (auto child = children_.begin(); child != children_.end();) {
    const auto next = std::next(child);
    if (!wanted.contains(child->first)) retire(child);
    child = next;
  }
  for (auto& [id, item] : wanted) children_[id].item = std::move(item);
}

void ForeachNode::load_child(const std::string& id, async::Task done) {
  const auto found = children_.find(id);
  if (found == children_.end() || leaving_.contains(id)) return done();  // made when its namesake has left
  Child& child = found->second;
  if (child.module == nullptr) {
    child.module = make_module(task_id() + "/" + id);
    if (started_) child.module->start();
  }
  const auto& arguments = arguments_.as<ForeachArguments>();
  const syntax::ast::Block* body = foreach_template(*block()->block);
  const std::uint64_t generation = module().definitions().generation();
  Given given{.arguments = {}, .names = around_};
  given.names.insert_or_assign(arguments.var, child.item);
  const bool same_body = child.module->loaded() && body == child.body && generation == child.generation &&
                         module().gone() == child.gone;
  child.body = body;
  child.generation = generation;
  child.gone = module().gone();
  auto end = alive_.bind([this, id, done = std::move(done)](Module::Outcome outcome) mutable {
    child_loaded(outcome);
    done();
  });
  if (same_body) return child.module->give(std::move(given), std::move(end));
  child.module->load({.blocks = blocks_of(body->body, block()->file),
                      .kind = BodyKind::kTemplate,
                      .outer = module().definitions().shared_from_this(),
                      .module_path = module().definitions().module_path(),
                      .gone = child.gone},
                     std::move(given), std::move(end));
}

void ForeachNode::child_loaded(const Module::Outcome& outcome) {
  if (outcome.diagnostics.empty()) return;
  for (syntax::Diagnostic& diagnostic : in_instance(outcome.diagnostics, *block()))
    errors_.push_back(std::move(diagnostic));
}

std::unique_ptr<Module> ForeachNode::make_module(const std::string& id) {
  ModuleContext context = module();
  context.id = id;
  if (!shows_metrics_) {
    if (unseen_ == nullptr) unseen_ = metrics::Registry::create();
    context.metrics = unseen_.get();
  }
  return std::make_unique<Module>(std::move(context), [] {});
}

void ForeachNode::retire(Children::iterator child) {
  const std::string id = child->first;
  std::unique_ptr<Module> module = std::move(child->second.module);
  children_.erase(child);
  if (module == nullptr) return;
  Module& leaving = *(leaving_[id] = std::move(module));
  leaving.stop(alive_.bind([this, id] { left(id); }));
}

void ForeachNode::left(const std::string& id) {
  leaving_.erase(id);
  if (stopped_) {
    if (leaving_.empty()) std::exchange(stopped_, {})();
    return;
  }
  if (children_.contains(id) && !steps_.running()) load_child(id, [] {});
}

void ForeachNode::start_task() {
  note_started();
  started_ = true;
  for (auto& [id, child] : children_)
    if (child.module) child.module->start();
}

void ForeachNode::stop_task(async::Task done) {
  steps_.cancel();
  stopped_ = std::move(done);
  while (!children_.empty()) retire(children_.begin());
  if (leaving_.empty()) std::exchange(stopped_, {})();
}

std::optional<component::ComponentView> ForeachNode::view(bool details) const {
  component::ComponentView view = plain_view("foreach", label_);
  for (const auto& [id, child] : children_)
    if (child.module) view.created_module_ids.push_back(child.module->id());
  if (details && !arguments_.empty()) view.arguments = foreach_schema().to_body(arguments_.object());
  return view;
}

void ForeachNode::each_module(const std::function<void(const Module&)>& visit) const {
  for (const auto& [id, child] : children_)
    if (child.module) visit(*child.module);
}

const Module* ForeachNode::module_above(std::string_view id) const {
  const std::string base = task_id() + "/";
  if (!id.starts_with(base)) return nullptr;
  id.remove_prefix(base.size());
  const auto child = children_.find(id.substr(0, id.find('/')));
  return child == children_.end() ? nullptr : child->second.module.get();
}

}  // namespace invar::runtime
