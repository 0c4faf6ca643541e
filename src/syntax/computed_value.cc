#include "syntax/computed_value.h"

#include "base/redact_url.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "syntax/evaluator_internal.h"

namespace invar::syntax {
namespace {

constexpr std::size_t kMostShownBytes = 100;

// The part of `value` that the path leads to; null when it ends early.
std::optional<Value> part_of(Value value, const DecodeError& error) {
  for (const auto& step : error.path) {
    Value storage;
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      ArrayData elements;
      const ArrayData* list = list_elements(value, elements);
      if (list == nullptr || *index >= list->size()) return std::nullopt;
      value = Value((*list)[*index]);
    } else {
      const ObjectData* object = object_fields(value, storage);
      const Value* field = object == nullptr ? nullptr : object->find(std::get<std::string>(step));
      if (field == nullptr) return std::nullopt;
      value = Value(*field);
    }
  }
  return value;
}

bool asks_environment(const ast::Expr& expr) {
  const auto* call = std::get_if<ast::Call>(&expr.node);
  if (call == nullptr) return false;
  if (const auto* name = std::get_if<ast::Identifier>(&call->callee->node)) return name->name == "env";
  const auto* access = std::get_if<ast::Access>(&call->callee->node);
  return access != nullptr && access->name == "env";
}

struct Shown {
  const std::string* text = nullptr;  // null: it is no text
  bool secret = false;
};
Shown shown(const Value& value) {
  if (value.type() == Type::kString) return {&value.as_string(), false};
  if (value.type() != Type::kCapsule) return {};
  if (const auto* secret = dynamic_cast<const Secret*>(value.as_capsule().get()))
    return {&secret->text(), true};
  const auto* optional = dynamic_cast<const OptionalSecret*>(value.as_capsule().get());
  return optional == nullptr ? Shown() : Shown{&optional->text(), optional->is_secret()};
}

}  // namespace

std::string oddity(std::string_view text) {
  if (text.empty()) return " that is empty";
  if (text.back() == '\n' || text.back() == '\r') return " that ends in a line break";
  if (text.find_first_of("\r\n") != std::string_view::npos) return " that holds a line break";
  if (trim_space(text).size() != text.size()) return " with blanks around it";
  if (text.size() > 1 && text.front() == text.back() && (text.front() == '"' || text.front() == '\''))
    return " with quotes around it";
  return "";
}

std::string computed_value(const ast::Expr& place, const Value& whole, const DecodeError& error) {
  if (is_literal(place)) return "";
  const auto value = part_of(whole, error);
  if (!value) return "";
  if (value->type() == Type::kNumber || value->type() == Type::kBool)
    return " (its value is " + value->to_text() + ")";
  const auto [text, secret] = shown(*value);
  if (text == nullptr) return "";
  if (text->empty())
    return asks_environment(place) ? " (its value is empty: is the environment variable set?)"
                                   : " (its value is empty)";
  if (secret) return " (a secret of " + std::to_string(text->size()) + " bytes" + oddity(*text) + ")";
  const std::string shown = quote(shown_text(redact_url(*text), kMostShownBytes));
  if (error.message.find(shown) != std::string::npos && oddity(*text).empty()) return "";
  return " (its value is " + shown + (oddity(*text).empty() ? "" : ", a text" + oddity(*text)) + ")";
}

}  // namespace invar::syntax
