#include "syntax/written_advice.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace invar::syntax {
namespace {

constexpr std::size_t kMostText = 60;  // that is worth being repeated

bool is_word(std::string_view text) {
  return !text.empty() && (text[0] < '0' || text[0] > '9') &&
         std::ranges::all_of(text, [](unsigned char c) { return c == '_' || std::isalnum(c) != 0; });
}

// `pyroscope.write.main.receiver`: three dots and more, which no host name of an example has between words alone.
bool is_reference(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() >= 4 && std::ranges::all_of(parts, is_word);
}

// ` (write {…})` about an element, as said of the list.
std::string in_brackets(std::string hint) {
  constexpr std::string_view kWrite = " (write ";
  if (!hint.starts_with(kWrite) || !hint.ends_with(')')) return hint;
  return std::string(kWrite) + "[" + hint.substr(kWrite.size(), hint.size() - kWrite.size() - 1) + "])";
}

std::optional<Value> only_element(const Value& value) {
  if (value.type() != Type::kArray || value.as_byte_string() != nullptr || value.as_array().size() != 1)
    return std::nullopt;
  return Value(value.as_array().front());
}

}  // namespace

std::string written_advice(const Value& value, const StaticType& type, const DecodeError& error) {
  using Kind = StaticType::Kind;
  if (!error.path.empty() || !error.hint.empty() || error.expected.empty() || value.is_null()) return "";
  const bool list = type.kind == Kind::kList;
  const StaticType& item = list && type.element != nullptr ? *type.element : type;
  const auto in_list = [&](const std::string& text) { return list ? "[" + text + "]" : text; };
  if (value.type() == Type::kString && is_reference(value.as_string()) && item.kind != Kind::kString)
    return " (write " + in_list(value.as_string()) + ", without quotes)";
  if (value.type() == Type::kString && error.expected == "bool")
    for (const std::string_view word : {"true", "false"})
      if (equals_ignore_case(value.as_string(), word))
        return " (write " + std::string(word) + ", without quotes)";
  if (const auto only = only_element(value); only && type.check && !list && !type.check(*only))
    return " (write " + only->to_text() + ", without brackets)";
  if (!list || !type.check) return "";
  ArrayData one;
  one.push_back(value);
  if (const auto of_one = type.check(Value(std::move(one)))) return in_brackets(of_one->hint);
  const std::string text = value.to_text();
  return text.size() <= kMostText ? " (write [" + text + "])" : " (a list: write it in square brackets)";
}

}  // namespace invar::syntax
