#include "syntax/schema.h"

#include <algorithm>

namespace invar::syntax {

BodyValue& BodyValue::attribute(std::string name, Value value) {
  statements.push_back({std::move(name), {}, std::move(value), nullptr});
  return *this;
}

BodyValue& BodyValue::block(std::string name, std::string label, BodyValue body) {
  statements.push_back(
      {std::move(name), std::move(label), std::nullopt, std::make_shared<BodyValue>(std::move(body))});
  return *this;
}

const Field* Schema::find(std::string_view name) const {
  const auto it =
      std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) { return field.name == name; });
  return it != fields_.end() ? &*it : nullptr;
}

Result<> Schema::check(const void* object) const {
  for (const auto& rule : checks_) INVAR_TRY(rule(object));
  return {};
}

bool Schema::is_zero(const void* object) const {
  return std::all_of(fields_.begin(), fields_.end(), [&](const Field& field) {
    if (field.kind == Field::Kind::kAttribute) return field.is_zero(object);
    // An optional or repeated block is zero when absent, a plain one when its content is.
    const auto blocks = field.blocks(object);
    if (field.repeated) return blocks.empty();
    return std::all_of(blocks.begin(), blocks.end(),
                       [&](const void* block) { return field.block->is_zero(block); });
  });
}

bool Schema::has_collections() const {
  return std::any_of(fields_.begin(), fields_.end(), [](const Field& field) {
    if (field.kind == Field::Kind::kBlock) return field.repeated || field.block->has_collections();
    return field.static_type.kind == StaticType::Kind::kList ||
           field.static_type.kind == StaticType::Kind::kMap;
  });
}

namespace {

bool is_shown(const Field& field, const void* object, bool from_zero) {
  if (field.required || field.always_shown || !(from_zero ? field.is_zero : field.is_default)(object))
    return true;
  // Lists and maps equal to a default that is not empty appear all the same.
  const auto kind = field.static_type.kind;
  return (kind == StaticType::Kind::kList || kind == StaticType::Kind::kMap) && !field.is_zero(object);
}

}  // namespace

BodyValue Schema::to_body(const void* object) const {
  BodyValue body;
  for (const Field& field : fields_) {
    if (!is_shown(field, object, shown_from_zero_)) continue;
    if (field.kind == Field::Kind::kAttribute) {
      body.attribute(field.name, field.encode(object));
      continue;
    }
    for (const void* block : field.blocks(object)) {
      body.block(field.name, field.block->has_label() ? field.block->label_of(block) : std::string(),
                 field.block->to_body(block));
    }
  }
  return body;
}

Value Schema::to_object(const void* object) const {
  std::vector<std::pair<std::string, Value>> fields;
  for (const Field& field : fields_)
    if (field.kind == Field::Kind::kAttribute) fields.emplace_back(field.name, field.encode(object));
  return Value::object(std::move(fields), /*ordered=*/true);
}

}  // namespace invar::syntax
