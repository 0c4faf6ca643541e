#include "component/choice_rule.h"

#include <algorithm>

#include "base/choice.h"

namespace invar::component {

std::optional<syntax::DecodeError> check_choice(std::string_view written, std::string_view mistake,
                                                std::span<const std::string_view> choices) {
  if (std::ranges::find(choices, written) != choices.end()) return std::nullopt;
  return syntax::decode_failure(wrong_choice(mistake, written, choices));
}

}  // namespace invar::component
