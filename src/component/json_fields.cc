#include "component/json_fields.h"

#include "syntax/json.h"

namespace invar::component {

using syntax::Type;
using syntax::Value;

Result<Value> parse_answer(std::string_view json) {
  return syntax::parse_json(json, {.integers = true, .max_depth = 64});
}

const Value& field(const Value& object, std::string_view name) {
  static const Value none;
  if (object.type() != Type::kObject) return none;
  const Value* found = object.as_object().find(name);
  return found != nullptr ? *found : none;
}

std::string text_of(const Value& value) {
  switch (value.type()) {
    case Type::kString:
      return value.as_string();
    case Type::kNumber:
      return value.number_text();
    case Type::kBool:
      return value.as_bool() ? "true" : "false";
    default:
      return {};
  }
}

std::span<const Value> items_of(const Value& value) {
  if (value.type() != Type::kArray) return {};
  return value.as_array();
}

std::span<const std::pair<std::string, Value>> fields_of(const Value& value) {
  if (value.type() != Type::kObject) return {};
  return value.as_object().fields;
}

}  // namespace invar::component
