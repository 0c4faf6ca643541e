// Value: what expressions evaluate to. Cheap to copy, immutable. Eight types: language.md 4.
//
// A number keeps its kind (int, uint, float). A byte string (base64 results) reports the type name `array`.
// A Capsule is an opaque native value: secrets, targets, receivers. Functions come from the standard library only.
// Threads: values may be read from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace invar::syntax {

enum class Type : std::uint8_t { kNull, kNumber, kString, kBool, kArray, kObject, kFunction, kCapsule };
std::string_view type_name(Type type);

class Value;
using ArrayData = std::vector<Value>;
struct ObjectData;
struct FunctionData;

// Opaque native value. Subclasses live where their meaning lives (component/target.h, component/receiver.h).
class Capsule {
 public:
  virtual ~Capsule() = default;
  [[nodiscard]] virtual std::string_view type_name() const = 0;  // `pyroscope.Appendable`
  [[nodiscard]] virtual bool equals(const Capsule& other) const { return this == &other; }
  [[nodiscard]] virtual std::optional<Value> to_object() const;  // discovery targets; default none
  [[nodiscard]] virtual std::string display() const {
    return {};
  }  // JSON and text; "" = capsule("<type_name>")
  [[nodiscard]] virtual bool is_empty() const { return false; }  // for coalesce
  [[nodiscard]] virtual std::string string_refusal() const {
    return {};
  }  // where a string is wanted; "" = type error
};
using CapsulePtr = std::shared_ptr<const Capsule>;

struct ByteString {
  std::string bytes;
  bool operator==(const ByteString&) const = default;
};

class Value {
 public:
  Value() = default;  // null
  Value(bool v) : data_(v) {}
  Value(int v) : data_(std::int64_t{v}) {}
  Value(std::int64_t v) : data_(v) {}
  Value(std::uint64_t v) : data_(v) {}
  Value(double v) : data_(v) {}
  Value(std::string v) : data_(std::make_shared<const std::string>(std::move(v))) {}
  Value(std::string_view v) : Value(std::string(v)) {}
  Value(const char* v) : Value(std::string(v)) {}
  Value(ByteString v) : data_(std::make_shared<const ByteString>(std::move(v))) {}
  Value(ArrayData v) : data_(std::make_shared<const ArrayData>(std::move(v))) {}
  Value(CapsulePtr v) : data_(std::move(v)) {}
  Value(std::shared_ptr<const FunctionData> v) : data_(std::move(v)) {}
  static Value object(std::vector<std::pair<std::string, Value>> fields,
                      bool ordered = false);                                   // a repeated key: last wins
  static Value as_written(std::vector<std::pair<std::string, Value>> fields);  // ordered, repeated keys kept

  [[nodiscard]] Type type() const;
  [[nodiscard]] std::string_view type_name() const { return syntax::type_name(type()); }
  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }

  // Accessors: the type must match (INVAR_CHECK).
  [[nodiscard]] bool as_bool() const;
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const ArrayData& as_array() const;  // not for byte strings
  [[nodiscard]] const ObjectData& as_object() const;
  [[nodiscard]] const CapsulePtr& as_capsule() const;
  [[nodiscard]] const FunctionData& as_function() const;
  [[nodiscard]] const ByteString* as_byte_string() const;  // null when it is none

  // Numbers.
  enum class NumberKind : std::uint8_t { kUint, kInt, kFloat };
  [[nodiscard]] NumberKind number_kind() const;
  [[nodiscard]] std::int64_t as_int() const;    // floats truncated, wraps
  [[nodiscard]] std::uint64_t as_uint() const;  // floats truncated, wraps
  [[nodiscard]] double as_double() const;
  [[nodiscard]] std::string number_text() const;  // language.md 4: never an exponent

  // language.md 5 rule 6: numbers by value, secrets unwrapped, functions never equal.
  [[nodiscard]] bool equals(const Value& other) const;
  bool operator==(const Value& other) const { return equals(other); }

  // Alloy notation, for messages and the web API's texts: strings quoted, objects `{a = 1}`, secrets `(secret)`.
  [[nodiscard]] std::string to_text() const;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const ByteString>, std::shared_ptr<const ArrayData>,
               std::shared_ptr<const ObjectData>, std::shared_ptr<const FunctionData>, CapsulePtr>
      data_;
};

struct ObjectData {
  std::vector<std::pair<std::string, Value>>
      fields;  // sorted by key unless `ordered` (from typed structures)
  bool ordered = false;
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] std::vector<const std::pair<std::string, Value>*> by_name() const;  // sorted in any case
};

// Secrets: language.md 7.2.
class Secret : public Capsule {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::string_view type_name() const override { return "alloytypes.Secret"; }
  [[nodiscard]] bool equals(const Capsule& other) const override;
  [[nodiscard]] std::string display() const override { return "(secret)"; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};
class OptionalSecret : public Capsule {
 public:
  OptionalSecret(std::string text, bool secret) : text_(std::move(text)), secret_(secret) {}
  [[nodiscard]] std::string_view type_name() const override { return "alloytypes.OptionalSecret"; }
  [[nodiscard]] bool equals(const Capsule& other) const override;
  [[nodiscard]] std::string display() const override;  // "(secret)" or the quoted text
  [[nodiscard]] bool is_empty() const override { return text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_secret() const { return secret_; }

 private:
  std::string text_;
  bool secret_;
};

}  // namespace invar::syntax
