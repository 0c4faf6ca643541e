#include "component/target.h"

#include <algorithm>

#include "base/strings.h"
#include "syntax/evaluator.h"
#include "syntax/format_number.h"

namespace invar::component {

namespace {

const TargetLabels& no_labels() {
  static const TargetLabels* const none = new TargetLabels();
  return *none;
}

std::string printed(const MergedLabels& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ", ";
    out += quote(name) + "=" + quote(value);
  }
  return out + "}";
}

}  // namespace

// The labels are the capsule themselves, so that a target becomes a value of the language, and back, without being copied.
class Target::Data final : public syntax::Capsule {
 public:
  Data(std::shared_ptr<const TargetLabels> group, TargetLabels own)
      : group_(std::move(group)), own_(std::move(own)) {}

  [[nodiscard]] std::string_view type_name() const override { return "discovery.Target"; }
  [[nodiscard]] bool equals(const Capsule& other) const override {
    const auto* target = dynamic_cast<const Data*>(&other);
    return target != nullptr && target->labels() == labels();
  }
  [[nodiscard]] std::optional<syntax::Value> to_object() const override {
    std::vector<std::pair<std::string, syntax::Value>> fields;
    fields.reserve(labels().size());
    for (const auto& [name, value] : labels()) fields.emplace_back(name, syntax::Value(std::string(value)));
    return syntax::Value::object(std::move(fields));
  }
  [[nodiscard]] std::string display() const override { return printed(labels()); }
  [[nodiscard]] bool is_empty() const override { return labels().empty(); }
  [[nodiscard]] std::string string_refusal() const override {
    return "target::ConvertInto: conversion to '*string' is not supported";
  }

  [[nodiscard]] const TargetLabels& group() const { return group_ ? *group_ : no_labels(); }
  [[nodiscard]] const TargetLabels& own() const { return own_; }
  [[nodiscard]] MergedLabels labels() const { return {group(), own_}; }

 private:
  const std::shared_ptr<const TargetLabels> group_;  // null: none
  const TargetLabels own_;                           // no name of the group's
};

Target::Target(const Map& labels) : Target(nullptr, TargetLabels::of(labels)) {}

Target::Target(std::shared_ptr<const TargetLabels> group, TargetLabels own) {
  const bool overrides = group && std::ranges::any_of(own, [&](const auto& label) {
                           return group->find(label.first) != nullptr;
                         });
  if (overrides) {
    std::vector<TargetLabels::Entry> entries(group->begin(), group->end());
    entries.insert(entries.end(), own.begin(), own.end());
    own = TargetLabels(std::move(entries));
    group = nullptr;
  }
  data_ = std::make_shared<const Data>(std::move(group), std::move(own));
}

MergedLabels Target::labels() const {
  return data_ ? data_->labels() : MergedLabels(no_labels(), no_labels());
}

Target::Map Target::to_map() const {
  Map map;
  for (const auto& [name, value] : labels()) map.emplace_hint(map.end(), name, value);
  return map;
}

std::string_view Target::get(std::string_view name) const {
  if (!data_) return {};
  const auto* found = data_->own().find(name);
  if (found == nullptr) found = data_->group().find(name);
  return found != nullptr ? found->second.view() : std::string_view();
}

Labels Target::to_labels() const {
  std::vector<Label> list;
  list.reserve(labels().size());
  for (const auto& [name, value] : labels()) list.push_back({std::string(name), std::string(value)});
  return Labels::from(std::move(list));
}

std::string Target::to_string() const {
  return printed(labels());
}

std::uint64_t Target::fingerprint() const {
  return data_ ? data_->group().hash_sum() + data_->own().hash_sum() : 0;
}

bool Target::operator==(const Target& other) const {
  return data_ == other.data_ || labels() == other.labels();
}

namespace {

using syntax::Capsule;
using syntax::DecodeError;
using syntax::Type;
using syntax::Value;

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

// What a text alone is in a target.
std::string_view label_for(std::string_view text) {
  return text.starts_with('/') || text.contains('*') ? "__path__" : "__address__";
}

std::expected<Target, DecodeError> target_of_object(const Value& value) {
  Value storage;
  const syntax::ObjectData* object = syntax::object_fields(value, storage);
  if (object == nullptr)
    return std::unexpected(syntax::with_hint(
        syntax::decode_failure("target::ConvertFrom: conversion from '" + std::string(kind_name(value)) +
                               "' is not supported"),
        value.type() == Type::kString
            ? "write {\"" + std::string(label_for(value.as_string())) + "\" = " + value.to_text() + "}"
            : ""));
  Target::Map labels;
  for (const auto& [name, field] : object->fields) {
    if (name.empty()) return std::unexpected(syntax::decode_failure("a label needs a name"));
    auto text = label_value(field);
    if (!text) return std::unexpected(syntax::at_key(std::move(text).error(), name));
    labels.insert_or_assign(name, std::move(*text));
  }
  return Target(labels);
}

}  // namespace
}  // namespace invar::component

namespace invar::syntax {

// A list where a target belongs is refused; what stands inside an object literal is not looked at.
StaticType Codec<component::Target>::static_type() {
  return {StaticType::Kind::kCapsule, nullptr, {}};
}

std::expected<component::Target, DecodeError> Codec<component::Target>::decode(const Value& v) {
  if (v.is_null()) return component::Target();
  if (v.type() == Type::kCapsule) {
    if (auto data = std::dynamic_pointer_cast<const component::Target::Data>(v.as_capsule()))
      return component::Target(std::move(data));
  }
  return component::target_of_object(v);
}

Value Codec<component::Target>::encode(const component::Target& v) {
  static const CapsulePtr none =
      std::make_shared<const component::Target::Data>(nullptr, component::TargetLabels());
  return Value(v.data_ ? CapsulePtr(v.data_) : none);
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
    auto target = Codec<component::Target>::decode(elements[i]);
    if (!target) return std::unexpected(at_index(std::move(target).error(), i));
    out.targets.push_back(std::move(*target));
  }
  return out;
}

Value Codec<component::FlattenedTargets>::encode(const component::FlattenedTargets& v) {
  return Codec<component::Targets>::encode(v.targets);
}

}  // namespace invar::syntax
