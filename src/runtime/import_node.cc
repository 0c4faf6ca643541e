#include "runtime/import_node.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "component/shortest_interval.h"
#include "runtime/custom_node.h"
#include "runtime/import_arguments.h"
#include "runtime/inventory.h"

namespace invar::runtime {

ImportNode::ImportNode(std::string id, std::string block_name, const std::string& label,
                       const ModuleContext& module)
    : TaskNode(std::move(id), module, kImportWords),
      block_name_(std::move(block_name)),
      fetcher_(make_import_fetcher(block_name_, label, task_id(), module)),
      timer_(*module.environment->loop) {
  inside_.environment = module.environment;
  inside_.id = task_id();
  inside_.metrics = module.metrics;
  inside_.exports_changed = [this](Node&) { this->module().exports_changed(*this); };
}

ImportNode::~ImportNode() = default;

void ImportNode::evaluate(const syntax::Scope& scope, Done done) {
  auto decoded = decode_arguments(block(), *import_schema(block_name_), scope);
  if (!decoded)
    return done(noted(decoding_failure(block(), kConfigHeadline, std::move(decoded).error(), true)));
  const syntax::Value* path = scope.find("module_path");
  const std::string module_path = path == nullptr ? "" : path->as_string();
  if (good_ && *decoded == arguments_ && module_path == module_path_) return done(noted(std::nullopt));
  arguments_ = std::move(*decoded);
  module_path_ = module_path;
  if (const std::string why = refusal(); !why.empty()) {
    good_ = false;
    return done(noted(block_failure(block(), kConfigHeadline, why)));
  }
  inside_.origin = module().origin;
  inside_.origin.chain.push_back(fetcher_->identity(arguments_));
  inside_.origin.http = inside_.origin.http || block_name_ == "import.http";
  fetch(std::move(done));
}

// Why nothing is fetched, or "".
std::string ImportNode::refusal() const {
  if (module().origin.http && block_name_ == "import.file")
    return "import.file is not allowed in content that came over HTTP";
  const auto& chain = module().origin.chain;
  if (std::ranges::find(chain, fetcher_->identity(arguments_)) != chain.end())
    return "the content imports itself";
  return {};
}

void ImportNode::fetch(Done done) {
  steps_.cancel();
  attempt_.reset();
  timer_.cancel();
  fetching_ = true;
  fetcher_->fetch(arguments_, alive_.bind([this, done = std::move(done)](Result<ImportedText> text) mutable {
    take(std::move(text), std::move(done));
  }));
}

void ImportNode::take(Result<ImportedText> text, Done done) {
  if (!text) return finish(block_failure(block(), kConfigHeadline, text.error().message), std::move(done));
  if (block_name_ == "import.string") text->module_path = module_path_;
  const bool nested_good = std::ranges::all_of(nested_, [](const auto& node) { return node.second->good_; });
  if (slot_->content != nullptr && *text == text_ && nested_good)
    return finish(std::nullopt, std::move(done));

  syntax::Diagnostics mistakes;
  auto blocks = parse_content(*text, *module().environment->components, mistakes);
  if (!blocks) return finish(content_failure("is not a module", mistakes), std::move(done));
  attempt_.emplace();
  attempt_->text = std::move(*text);
  attempt_->blocks = std::move(*blocks);
  attempt_->done = std::move(done);
  for (const syntax::ast::BlockRef& ref : attempt_->blocks) {
    const std::string name = ref.block->full_name();
    if (name == "declare") continue;
    const std::string id = ref.block->id();
    const auto kept = nested_.find(id);
    auto node = kept != nested_.end() ? kept->second
                                      : std::make_shared<ImportNode>(id, name, ref.block->label, inside_);
    node->set_block(ref);
    attempt_->order.push_back(node);
    attempt_->nested.emplace(id, std::move(node));
  }
  evaluate_nested();
}

void ImportNode::evaluate_nested() {
  steps_.run(
      attempt_->order.size(),
      [this](std::size_t step, async::Task next) {
        syntax::Scope scope;
        scope.variables.emplace("module_path", syntax::Value(attempt_->text.module_path));
        attempt_->order[step]->evaluate(
            scope, alive_.bind([this, next = std::move(next)](const Evaluation& failure) mutable {
              if (failure && attempt_)
                attempt_->failures.insert(attempt_->failures.end(), failure->diagnostics.begin(),
                                          failure->diagnostics.end());
              next();
            }));
      },
      [this] {
        if (attempt_->failures.empty()) return adopt();
        syntax::Diagnostics mistakes;
        for (syntax::Diagnostic& failure : attempt_->failures) mistakes.add(std::move(failure));
        Done done = std::move(attempt_->done);
        attempt_.reset();
        finish(content_failure("has an import that failed", mistakes), std::move(done));
      });
}

void ImportNode::adopt() {
  Attempt attempt = *std::exchange(attempt_, {});
  auto definitions = std::make_shared<Definitions>(nullptr, attempt.text.module_path, inside_.origin);
  for (const syntax::ast::BlockRef& ref : attempt.blocks)
    if (ref.block->full_name() == "declare") definitions->declare(ref);
  for (const auto& [id, node] : attempt.nested)
    definitions->import(node->block()->block->label, node->slot());
  slot_->generation += 1 + (slot_->content == nullptr ? 0 : slot_->content->generation());
  if (module().environment->skip_other_pipelines)
    left_out_ = keep_profiles({.blocks = &attempt.blocks,
                               .definitions = definitions,
                               .components = module().environment->components,
                               .gone = {}})
                    .left_out;
  slot_->content = std::move(definitions);
  text_ = std::move(attempt.text);
  nested_ = std::move(attempt.nested);
  if (started_)
    for (const auto& [id, node] : nested_) node->start_task();
  module().exports_changed(*this);
  finish(std::nullopt, std::move(attempt.done));
}

void ImportNode::finish(Evaluation evaluation, Done done) {
  good_ = !evaluation;
  fetching_ = false;
  const UnixNanos at = now();
  if (evaluation)
    content_health_ = {component::HealthState::kUnhealthy, evaluation->chain, at};
  else
    content_health_ = {component::HealthState::kHealthy, "content updated", at};
  look_again_later();
  done(noted(std::move(evaluation)));
}

std::optional<component::Health> ImportNode::own_health() const {
  if (!content_health_) return std::nullopt;
  std::vector<component::Health> parts{*content_health_};
  for (const auto& [id, node] : nested_) parts.push_back(*node->health());
  return component::combine(parts);
}

Evaluation ImportNode::content_failure(std::string_view what, const syntax::Diagnostics& mistakes) const {
  return EvaluationFailure{fmt::format("imported content {}: {}", what, mistakes.summary()),
                           in_instance(mistakes, *block())};
}

void ImportNode::tell(OtherPipelinesView& view) const {
  for (const syntax::ast::BlockRef& ref : left_out_) view.left_out(ref);
  for (const auto& [id, node] : nested_) node->tell(view);
}

void ImportNode::look_again_later() {
  if (!started_) return;
  if (!(followed_ == arguments_)) {
    followed_ = arguments_;
    fetcher_->follow(arguments_, alive_.bind([this] { refresh(); }));
    interval_ = component::usable_interval(fetcher_->interval(arguments_), logger());
  }
  if (again_)
    timer_.arm_after(Duration::zero(), [this] { refresh(); });
  else if (interval_ > Duration::zero())
    timer_.arm_after(interval_, [this] { refresh(); });
}

void ImportNode::refresh() {
  again_ = fetching_;
  if (fetching_) return;
  fetch([this](const Evaluation& failure) {
    if (failure) logger().error("failed to update the import", {{"err", failure->chain}});
  });
}

void ImportNode::start_task() {
  if (started_) return;
  started_ = true;
  note_started();
  for (const auto& [id, node] : nested_) node->start_task();
  if (!arguments_.empty()) look_again_later();
}

void ImportNode::stop_task(async::Task done) {
  started_ = false;
  timer_.cancel();
  steps_.cancel();
  attempt_.reset();
  alive_.end();
  fetcher_->unfollow();
  nested_.clear();
  module().environment->loop->post(std::move(done));
}

}  // namespace invar::runtime
