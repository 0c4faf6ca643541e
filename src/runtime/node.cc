#include "runtime/node.h"

#include <fmt/core.h>

#include "runtime/inventory.h"

namespace invar::runtime {
namespace {

syntax::Range range_or_nowhere(const std::optional<syntax::ast::BlockRef>& block) {
  return block ? block_range(*block) : syntax::Range{};
}

}  // namespace

std::expected<syntax::Boxed, std::vector<syntax::Diagnostic>> decode_arguments(
    const std::optional<syntax::ast::BlockRef>& block, const syntax::Schema& schema,
    const syntax::Scope& scope) {
  std::shared_ptr<void> object = schema.make();
  if (block) {
    syntax::Diagnostics diagnostics;
    if (!syntax::decode_body(block->block->body, block->file->source, scope, schema, object.get(),
                             diagnostics))
      return std::unexpected(std::vector<syntax::Diagnostic>(diagnostics.begin(), diagnostics.end()));
  }
  return syntax::Boxed(&schema, std::move(object));
}

EvaluationFailure decoding_failure(const std::optional<syntax::ast::BlockRef>& block,
                                   std::string_view headline, std::vector<syntax::Diagnostic> errors,
                                   bool always_wrap) {
  EvaluationFailure failure;
  for (syntax::Diagnostic& error : errors) {
    const bool positioned = error.range.start.valid();
    const std::string chain = "decoding configuration: " + (positioned ? error.to_string() : error.message);
    if (failure.chain.empty()) failure.chain = chain;
    if (!positioned || always_wrap)
      error = {syntax::Severity::kError, range_or_nowhere(block), fmt::format("{}: {}", headline, chain)};
    failure.diagnostics.push_back(std::move(error));
  }
  return failure;
}

EvaluationFailure block_failure(const std::optional<syntax::ast::BlockRef>& block, std::string_view headline,
                                std::string chain) {
  syntax::Diagnostic diagnostic{syntax::Severity::kError, range_or_nowhere(block),
                                fmt::format("{}: {}", headline, chain)};
  return {std::move(chain), {std::move(diagnostic)}};
}

TaskNode::TaskNode(std::string id, const ModuleContext& module, const HealthWords& words)
    : Node(std::move(id)),
      module_(&module),
      global_id_(module.global_id(this->id())),
      health_(module.environment->loop->unix_ns(), words) {}

TaskNode::~TaskNode() = default;

void TaskNode::task_ended(const std::optional<Error>& error) {
  ended_ = true;
  health_.stopped(error, now());
}

std::optional<component::Health> TaskNode::health() const {
  return health_.combined(own_health());
}

UnixNanos TaskNode::now() const {
  return module_->environment->loop->unix_ns();
}

void TaskNode::note_started() {
  health_.started(now());
}

void TaskNode::blame(const std::string& missing) {
  health_.evaluation_failed("it needs " + missing + ", which failed", now());
}

Evaluation TaskNode::noted(Evaluation evaluation) {
  failed_ = evaluation.has_value();
  if (evaluation)
    health_.evaluation_failed(evaluation->chain, now());
  else
    health_.evaluated(now());
  return evaluation;
}

log::Logger TaskNode::logger() const {
  return module_->environment->logger.with({{"component_path", module_->path()}, {"component_id", id()}});
}

component::ComponentView TaskNode::plain_view(std::string name, std::string label) const {
  component::ComponentView view;
  view.name = std::move(name);
  view.local_id = id();
  view.module_id = module_->id;
  view.label = std::move(label);
  view.health = *health();
  if (view.health.state == component::HealthState::kUnhealthy ||
      view.health.state == component::HealthState::kExited)
    view.problems.push_back(
        {component::Severity::kFailing, "", view.health.message, view.health.updated_unix_ns});
  return view;
}

}  // namespace invar::runtime
