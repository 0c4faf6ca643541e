// Rules of single attributes, for SchemaBuilder::valid: that it is one of a few words (choice.h), or passes a check of its own. Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "syntax/decode.h"

namespace invar::component {

// Nothing when `written` is one of them.
std::optional<syntax::DecodeError> check_choice(std::string_view written, std::string_view mistake,
                                                std::span<const std::string_view> choices);

// Nothing when the check was passed.
template <class T>
std::optional<syntax::DecodeError> mistake_in(const Result<T>& checked) {
  if (checked) return std::nullopt;
  return syntax::decode_failure(checked.error().message);
}

}  // namespace invar::component
