#include "component/target.h"

#include <cmath>

#include "base/strings.h"
#include "syntax/evaluator.h"
#include "syntax/format_number.h"

namespace invar::component {

const Target::Map& Target::labels() const {
  static const Map* const none = new Map();
  return labels_ ? *labels_ : *none;
}

std::string_view Target::get(std::string_view name) const {
  const auto it = labels().find(name);
  return it != labels().end() ? std::string_view(it->second) : std::string_view();
}

Labels Target::to_labels() const {
  std::vector<Label> list;
  list.reserve(labels().size());
  for (const auto& [name, value] : labels()) list.push_back({name, value});
  return Labels::from(std::move(list));
}

std::string Target::to_string() const {
  std::string out = "{";
  for (const auto& [name, value] : labels()) {
    if (out.size() > 1) out += ", ";
    out += quote(name) + "=" + quote(value);
  }
  return out + "}";
}

bool Target::operator==(const Target& other) const {
  return labels_ == other.labels_ || labels() == other.labels();
}

namespace {

using syntax::Capsule;
using syntax::DecodeError;
using syntax::Type;
using syntax::Value;

class TargetCapsule : public Capsule {
 public:
  explicit TargetCapsule(Target target) : target_(std::move(target)) {}

  [[nodiscard]] std::string_view type_name() const override { return "discovery.Target"; }
  [[nodiscard]] bool equals(const Capsule& other) const override {
    const auto* target = dynamic_cast<const TargetCapsule*>(&other);
    return target != nullptr && target->target_ == target_;
  }
  [[nodiscard]] std::optional<Value> to_object() const override {
    std::vector<std::pair<std::string, Value>> fields;
    fields.reserve(target_.labels().size());
    for (const auto& [name, value] : target_.labels()) fields.emplace_back(name, Value(value));
    return Value::object(std::move(fields));
  }
  [[nodiscard]] std::string display() const override { return target_.to_string(); }
  [[nodiscard]] bool is_empty() const override { return target_.labels().empty(); }
  [[nodiscard]] std::string string_refusal() const override {
    return "target::ConvertInto: conversion to '*string' is not supported";
  }
  [[nodiscard]] const Target& target() const { return target_; }

 private:
  Target target_;
};

// The native kind behind a value, as the refusal names it.
std::string_view kind_name(const Value& value) {
  switch (value.type()) {
    case Type::kNumber:
      switch (value.number_kind()) {
        case Value::NumberKind::kInt:
          return "int64";
        case Value::NumberKind::kUint:
          return "uint64";
        case Value::NumberKind::kFloat:
          return "float64";
      }
      return "float64";
    case Type::kString:
      return "string";
    case Type::kBool:
      return "bool";
    case Type::kArray:
      return value.as_byte_string() != nullptr ? "[]uint8" : "[]value.Value";
    case Type::kFunction:
      return "func";
    case Type::kCapsule:
      return value.as_capsule()->type_name();
    default:
      return value.type_name();
  }
}

// 5, 1.5, 1e+10: as Go prints a number by itself, since that is what the original puts into a label.
std::string number_label(const Value& value) {
  if (value.number_kind() != Value::NumberKind::kFloat) return value.number_text();
  return syntax::format_float(value.as_double(), 'g', -1);
}

std::expected<std::string, DecodeError> label_value(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return std::unexpected(
          syntax::decode_failure("target::ConvertFrom: cannot convert a nil value to a target value"));
    case Type::kString:
      return value.as_string();
    case Type::kNumber:
      return number_label(value);
    case Type::kBool:
      return value.as_bool() ? "true" : "false";
    default:
      break;
  }
  if (const auto* bytes = value.as_byte_string()) return bytes->bytes;
  if (value.type() == Type::kArray || value.type() == Type::kObject) return syntax::stdlib_printed(value);
  if (value.type() == Type::kCapsule) {
    const Capsule* capsule = value.as_capsule().get();
    const auto* optional = dynamic_cast<const syntax::OptionalSecret*>(capsule);
    if (optional != nullptr && !optional->is_secret()) return optional->text();
    if (optional != nullptr || dynamic_cast<const syntax::Secret*>(capsule) != nullptr)
      return std::unexpected(
          syntax::decode_failure("target::ConvertFrom: cannot use a secret as a target value"));
  }
  return std::unexpected(syntax::type_mismatch("string", value));
}

std::expected<Target, DecodeError> decode_target(const Value& value) {
  if (value.is_null()) return Target();
  if (value.type() == Type::kCapsule) {
    if (const auto* capsule = dynamic_cast<const TargetCapsule*>(value.as_capsule().get()))
      return capsule->target();
  }
  Value storage;
  const syntax::ObjectData* object = syntax::object_fields(value, storage);
  if (object == nullptr)
    return std::unexpected(syntax::decode_failure("target::ConvertFrom: conversion from '" +
                                                  std::string(kind_name(value)) + "' is not supported"));
  Target::Map labels;
  for (const auto& [name, field] : object->fields) {
    auto text = label_value(field);
    if (!text) return std::unexpected(syntax::at_key(std::move(text).error(), name));
    labels.insert_or_assign(name, std::move(*text));
  }
  return Target(std::move(labels));
}

}  // namespace
}  // namespace invar::component

namespace invar::syntax {

// A list where a target belongs is refused; what stands inside an object literal is not looked at.
StaticType Codec<component::Target>::static_type() {
  return {StaticType::Kind::kCapsule, nullptr, {}};
}

std::expected<component::Target, DecodeError> Codec<component::Target>::decode(const Value& v) {
  return component::decode_target(v);
}

Value Codec<component::Target>::encode(const component::Target& v) {
  return Value(CapsulePtr(std::make_shared<const component::TargetCapsule>(v)));
}

// Elements may be lists themselves, so they are not checked.
StaticType Codec<component::FlattenedTargets>::static_type() {
  auto element = std::make_shared<const StaticType>(StaticType{StaticType::Kind::kUnchecked, nullptr, {}});
  return {StaticType::Kind::kList, std::move(element), &decode_error_of<component::FlattenedTargets>};
}

std::expected<component::FlattenedTargets, DecodeError> Codec<component::FlattenedTargets>::decode(
    const Value& v) {
  component::FlattenedTargets out;
  if (v.is_null()) return out;
  if (v.type() != Type::kArray || v.as_byte_string() != nullptr)
    return std::unexpected(type_mismatch("array", v));
  const auto& elements = v.as_array();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].type() == Type::kArray && elements[i].as_byte_string() == nullptr) {
      auto inner = Codec<component::Targets>::decode(elements[i]);
      if (!inner) return std::unexpected(at_index(std::move(inner).error(), i));
      out.targets.insert(out.targets.end(), inner->begin(), inner->end());
      continue;
    }
    auto target = component::decode_target(elements[i]);
    if (!target) return std::unexpected(at_index(std::move(target).error(), i));
    out.targets.push_back(std::move(*target));
  }
  return out;
}

Value Codec<component::FlattenedTargets>::encode(const component::FlattenedTargets& v) {
  return Codec<component::Targets>::encode(v.targets);
}

}  // namespace invar::syntax
