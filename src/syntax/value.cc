#include "syntax/value.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/strings.h"

namespace invar::syntax {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kNumber:
      return "number";
    case Type::kString:
      return "string";
    case Type::kBool:
      return "bool";
    case Type::kArray:
      return "array";
    case Type::kObject:
      return "object";
    case Type::kFunction:
      return "function";
    case Type::kCapsule:
      return "capsule";
  }
  return "";
}

std::optional<Value> Capsule::to_object() const {
  return std::nullopt;
}

bool Secret::equals(const Capsule& other) const {
  const auto* secret = dynamic_cast<const Secret*>(&other);
  return secret != nullptr && secret->text_ == text_;
}

bool OptionalSecret::equals(const Capsule& other) const {
  const auto* secret = dynamic_cast<const OptionalSecret*>(&other);
  return secret != nullptr && secret->text_ == text_ && secret->secret_ == secret_;
}

std::string OptionalSecret::display() const {
  return secret_ ? "(secret)" : quote(text_);
}

Value Value::object(std::vector<std::pair<std::string, Value>> fields, bool ordered) {
  auto data = std::make_shared<ObjectData>();
  data->ordered = ordered;
  if (ordered) {
    for (auto& field : fields) {
      auto same = std::find_if(data->fields.begin(), data->fields.end(),
                               [&](const auto& known) { return known.first == field.first; });
      if (same != data->fields.end())
        same->second = std::move(field.second);
      else
        data->fields.push_back(std::move(field));
    }
  } else {
    const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(fields.begin(), fields.end(), by_key))
      std::stable_sort(fields.begin(), fields.end(), by_key);
    auto out = fields.begin();
    for (auto it = fields.begin(); it != fields.end(); ++it) {
      if (const auto next = std::next(it); next != fields.end() && next->first == it->first) continue;
      if (out != it) *out = std::move(*it);
      ++out;
    }
    fields.erase(out, fields.end());
    data->fields = std::move(fields);
  }
  Value value;
  value.data_ = std::shared_ptr<const ObjectData>(std::move(data));
  return value;
}

Value Value::as_written(std::vector<std::pair<std::string, Value>> fields) {
  Value value;
  value.data_ = std::make_shared<const ObjectData>(ObjectData{std::move(fields), true});
  return value;
}

std::vector<const std::pair<std::string, Value>*> ObjectData::by_name() const {
  std::vector<const std::pair<std::string, Value>*> out;
  out.reserve(fields.size());
  for (const auto& field : fields) out.push_back(&field);
  if (ordered)
    std::ranges::sort(out, {}, [](const auto* field) -> const std::string& { return field->first; });
  return out;
}

const Value* ObjectData::find(std::string_view key) const {
  if (ordered) {
    // From the back: a list that keeps repeated keys answers with the last one.
    for (auto it = fields.rbegin(); it != fields.rend(); ++it)
      if (it->first == key) return &it->second;
    return nullptr;
  }
  const auto it = std::lower_bound(fields.begin(), fields.end(), key,
                                   [](const auto& field, std::string_view k) { return field.first < k; });
  return it != fields.end() && it->first == key ? &it->second : nullptr;
}

Type Value::type() const {
  struct Visitor {
    Type operator()(std::monostate) const { return Type::kNull; }
    Type operator()(bool) const { return Type::kBool; }
    Type operator()(std::int64_t) const { return Type::kNumber; }
    Type operator()(std::uint64_t) const { return Type::kNumber; }
    Type operator()(double) const { return Type::kNumber; }
    Type operator()(const std::shared_ptr<const std::string>&) const { return Type::kString; }
    Type operator()(const std::shared_ptr<const ByteString>&) const { return Type::kArray; }
    Type operator()(const std::shared_ptr<const ArrayData>&) const { return Type::kArray; }
    Type operator()(const std::shared_ptr<const ObjectData>&) const { return Type::kObject; }
    Type operator()(const std::shared_ptr<const FunctionData>&) const { return Type::kFunction; }
    Type operator()(const CapsulePtr&) const { return Type::kCapsule; }
  };
  return std::visit(Visitor{}, data_);
}

bool Value::as_bool() const {
  const auto* held = std::get_if<bool>(&data_);
  INVAR_CHECK(held != nullptr, "not a bool");
  return *held;
}

const std::string& Value::as_string() const {
  const auto* held = std::get_if<std::shared_ptr<const std::string>>(&data_);
  INVAR_CHECK(held != nullptr, "not a string");
  return **held;
}

const ArrayData& Value::as_array() const {
  const auto* held = std::get_if<std::shared_ptr<const ArrayData>>(&data_);
  INVAR_CHECK(held != nullptr, "not an array");
  return **held;
}

const ObjectData& Value::as_object() const {
  const auto* held = std::get_if<std::shared_ptr<const ObjectData>>(&data_);
  INVAR_CHECK(held != nullptr, "not an object");
  return **held;
}

const CapsulePtr& Value::as_capsule() const {
  const auto* held = std::get_if<CapsulePtr>(&data_);
  INVAR_CHECK(held != nullptr, "not a capsule");
  return *held;
}

const FunctionData& Value::as_function() const {
  const auto* held = std::get_if<std::shared_ptr<const FunctionData>>(&data_);
  INVAR_CHECK(held != nullptr, "not a function");
  return **held;
}

const ByteString* Value::as_byte_string() const {
  const auto* held = std::get_if<std::shared_ptr<const ByteString>>(&data_);
  return held != nullptr ? held->get() : nullptr;
}

Value::NumberKind Value::number_kind() const {
  if (std::holds_alternative<std::int64_t>(data_)) return NumberKind::kInt;
  if (std::holds_alternative<std::uint64_t>(data_)) return NumberKind::kUint;
  INVAR_CHECK(std::holds_alternative<double>(data_), "not a number");
  return NumberKind::kFloat;
}

namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

// Out of range and NaN give the smallest integer, as the hardware does: never undefined behaviour.
std::int64_t double_to_int(double v) {
  if (v >= -kTwo63 && v < kTwo63) return static_cast<std::int64_t>(v);
  return std::numeric_limits<std::int64_t>::min();
}

std::uint64_t double_to_uint(double v) {
  if (v >= kTwo63 && v < kTwo64) return static_cast<std::uint64_t>(v);
  return static_cast<std::uint64_t>(double_to_int(v));
}

}  // namespace

std::int64_t Value::as_int() const {
  switch (number_kind()) {
    case NumberKind::kInt:
      return std::get<std::int64_t>(data_);
    case NumberKind::kUint:
      return static_cast<std::int64_t>(std::get<std::uint64_t>(data_));
    case NumberKind::kFloat:
      break;
  }
  return double_to_int(std::get<double>(data_));
}

std::uint64_t Value::as_uint() const {
  switch (number_kind()) {
    case NumberKind::kInt:
      return static_cast<std::uint64_t>(std::get<std::int64_t>(data_));
    case NumberKind::kUint:
      return std::get<std::uint64_t>(data_);
    case NumberKind::kFloat:
      break;
  }
  return double_to_uint(std::get<double>(data_));
}

double Value::as_double() const {
  switch (number_kind()) {
    case NumberKind::kInt:
      return static_cast<double>(std::get<std::int64_t>(data_));
    case NumberKind::kUint:
      return static_cast<double>(std::get<std::uint64_t>(data_));
    case NumberKind::kFloat:
      break;
  }
  return std::get<double>(data_);
}

std::string Value::number_text() const {
  switch (number_kind()) {
    case NumberKind::kInt:
      return std::to_string(as_int());
    case NumberKind::kUint:
      return std::to_string(as_uint());
    case NumberKind::kFloat:
      break;
  }
  const double v = as_double();
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  return format_double(v);
}

namespace {

bool equal_numbers(const Value& a, const Value& b) {
  using Kind = Value::NumberKind;
  if (a.number_kind() == Kind::kFloat || b.number_kind() == Kind::kFloat)
    return a.as_double() == b.as_double();
  if (a.number_kind() == b.number_kind()) return a.as_int() == b.as_int();
  // One signed, one unsigned: equal only where both can hold the value.
  const Value& is_signed = a.number_kind() == Kind::kInt ? a : b;
  return is_signed.as_int() >= 0 && a.as_uint() == b.as_uint();
}

// What == sees of a secret: its text, which also compares with plain strings.
const std::string* comparable_text(const Value& value) {
  if (value.type() == Type::kString) return &value.as_string();
  if (value.type() != Type::kCapsule) return nullptr;
  if (const auto* secret = dynamic_cast<const Secret*>(value.as_capsule().get())) return &secret->text();
  if (const auto* secret = dynamic_cast<const OptionalSecret*>(value.as_capsule().get()))
    return &secret->text();
  return nullptr;
}

}  // namespace

bool Value::equals(const Value& other) const {
  if (const auto* text = comparable_text(*this)) {
    const auto* other_text = comparable_text(other);
    return other_text != nullptr && *text == *other_text;
  }
  if (type() != other.type()) return false;
  switch (type()) {
    case Type::kNull:
      return true;
    case Type::kNumber:
      return equal_numbers(*this, other);
    case Type::kBool:
      return as_bool() == other.as_bool();
    case Type::kArray: {
      const auto* bytes = as_byte_string();
      const auto* other_bytes = other.as_byte_string();
      if (bytes != nullptr && other_bytes != nullptr) return *bytes == *other_bytes;
      if (bytes != nullptr || other_bytes != nullptr) return false;
      return std::equal(as_array().begin(), as_array().end(), other.as_array().begin(),
                        other.as_array().end());
    }
    case Type::kObject: {
      const auto& fields = as_object().fields;
      if (fields.size() != other.as_object().fields.size()) return false;
      return std::all_of(fields.begin(), fields.end(), [&](const auto& field) {
        const Value* same = other.as_object().find(field.first);
        return same != nullptr && field.second.equals(*same);
      });
    }
    case Type::kCapsule:
      return as_capsule()->equals(*other.as_capsule());
    case Type::kString:
    case Type::kFunction:
      break;
  }
  return false;
}

namespace {

bool is_plain_key(std::string_view key) {
  if (key.empty() || key == "true" || key == "false" || key == "null") return false;
  if (key[0] >= '0' && key[0] <= '9') return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

void append_text(std::string& out, const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kNumber:
      out += value.number_text();
      return;
    case Type::kString:
      out += quote(value.as_string());
      return;
    case Type::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Type::kArray: {
      if (const auto* bytes = value.as_byte_string()) {
        out += quote(bytes->bytes);
        return;
      }
      out += '[';
      bool first = true;
      for (const auto& element : value.as_array()) {
        if (!std::exchange(first, false)) out += ", ";
        append_text(out, element);
      }
      out += ']';
      return;
    }
    case Type::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [key, field] : value.as_object().fields) {
        if (!std::exchange(first, false)) out += ", ";
        out += is_plain_key(key) ? key : quote(key);
        out += " = ";
        append_text(out, field);
      }
      out += '}';
      return;
    }
    case Type::kFunction:
      out += "function";
      return;
    case Type::kCapsule: {
      const std::string display = value.as_capsule()->display();
      if (!display.empty())
        out += display;
      else
        out.append("capsule(").append(quote(value.as_capsule()->type_name())).append(")");
      return;
    }
  }
}

}  // namespace

std::string Value::to_text() const {
  std::string out;
  append_text(out, *this);
  return out;
}

}  // namespace invar::syntax
