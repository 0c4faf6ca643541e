// Reads API answers that arrive as JSON: what is missing, null or of another type is empty, as their servers leave out what they
// do not know. Pure; what is returned lives as long as the value it was taken from. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "syntax/value.h"

namespace invar::component {

// Errors: what is wrong with the text. Whole numbers stay whole.
Result<syntax::Value> parse_answer(std::string_view json);

const syntax::Value& field(const syntax::Value& object, std::string_view name);  // null when there is none
std::string text_of(const syntax::Value& value);  // of a string, number or bool; "" otherwise
std::span<const syntax::Value> items_of(const syntax::Value& value);
std::span<const std::pair<std::string, syntax::Value>> fields_of(const syntax::Value& value);

inline std::string text_field(const syntax::Value& object, std::string_view name) {
  return text_of(field(object, name));
}

}  // namespace invar::component
