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

Evaluation ConfigNode::evaluate(const syntax::Scope& scope) {
  const std::string_view headline =
      config_.is_service ? "Failed to evaluate service" : "Failed to evaluate node for config block";
  auto arguments = decode_arguments(block(), *config_.schema, scope);
  if (!arguments)
    return decoding_failure(block(), headline, std::move(arguments).error(), !config_.is_service);
  if (*arguments == applied_) return std::nullopt;
  const Result<> taken = config_.apply(*arguments);
  // Arguments that were refused, perhaps after half of them took effect, are offered again next time.
  applied_ = taken ? std::move(*arguments) : syntax::Boxed();
  if (!taken) return block_failure(block(), headline, taken.error().message);
  return std::nullopt;
}

}  // namespace invar::runtime
