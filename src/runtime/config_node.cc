#include "runtime/config_node.h"

namespace invar::runtime {

Evaluation ConfigNode::evaluate_now(const syntax::Scope& scope) {
  const std::string_view headline = config_.is_service ? "Failed to evaluate service" : kConfigHeadline;
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
