// Typed decoding: Value -> C++ value and back, by language.md 7.1. Codec<T> is specialised for every type that a schema field
// may have: bool, integers, double, std::string, Duration, std::vector<T>, std::map<std::string, T>, std::optional<T>,
// SecretText-like secrets, OptionalSecretText, Value (any), and domain types (target, receiver, enums) where they live.
//
//   static std::string type_text();                        // for documentation: "list(string)"
//   static StaticType static_type();                       // for `validate`'s literal checks
//   static std::expected<T, DecodeError> decode(const Value&);
//   static Value encode(const T&);
// Rules kept here once: null gives T{}; a mismatch says "should be <expected>, got <actual>".
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/time.h"
#include "syntax/value.h"

namespace invar::syntax {

// Where inside the value, and what: the evaluator turns it into a located diagnostic (language.md 10.3).
struct DecodeError {
  std::vector<std::variant<std::size_t, std::string>> path;  // outermost first
  std::string message;  // "should be number, got string", or the type's own text
  // For `validate`: set when the message is a plain type mismatch, so that it can be re-worded as "expected T, got U".
  std::string expected, actual;
  std::string hint;         // " (write \"15s\")": behind the message, whichever form it takes
  bool null_value = false;  // the offending value was null: reported without a position
};
DecodeError type_mismatch(std::string_view expected, const Value& got);
// What the user may write instead, in brackets behind the message, in both of its forms.
DecodeError with_hint(DecodeError error, std::string hint);

// What `validate` may check on a literal without evaluating: language.md 10.5.
struct StaticType {
  enum class Kind { kAny, kString, kNumber, kBool, kList, kMap, kTextEncoded, kSecret, kCapsule, kUnchecked };
  Kind kind = Kind::kUnchecked;
  std::shared_ptr<const StaticType> element;  // kList, kMap
  // Runs the real decoder on a literal value; null for kUnchecked and kAny.
  std::function<std::optional<DecodeError>(const Value&)> check;
};

template <class T>
struct Codec;

// ---- building blocks, implemented in decode.cc
std::expected<std::string, DecodeError> decode_string(
    const Value& value);  // string, number, optional secret, byte string
std::expected<std::int64_t, DecodeError> decode_int(const Value& value);
std::expected<std::uint64_t, DecodeError> decode_uint(const Value& value);
std::expected<double, DecodeError> decode_double(const Value& value);
struct DecodedSecret {
  std::string text;
  bool secret = true;
};
std::expected<DecodedSecret, DecodeError> decode_secret(
    const Value& value);  // string, secret, optional secret

template <>
struct Codec<std::string> {
  static std::string type_text() { return "string"; }
  static StaticType static_type() {
    return {StaticType::Kind::kString, nullptr, [](const Value& v) { return error_of(v); }};
  }
  static std::expected<std::string, DecodeError> decode(const Value& v) { return decode_string(v); }
  static Value encode(const std::string& v) { return Value(v); }

 private:
  static std::optional<DecodeError> error_of(const Value& v) {
    auto r = decode(v);
    if (r) return std::nullopt;
    return r.error();
  }
};

// `any`: the value as it is (language.md 7.4).
template <>
struct Codec<Value> {
  static std::string type_text() { return "any"; }
  static StaticType static_type() { return {StaticType::Kind::kAny, nullptr, {}}; }
  static std::expected<Value, DecodeError> decode(const Value& v) { return v; }
  static Value encode(const Value& v) { return v; }
};

// local.file's content: text plus a flag. Exported as an OptionalSecret capsule.
struct OptionalSecretText {
  std::string text;
  bool secret = false;
  bool operator==(const OptionalSecretText&) const = default;
};

// A type that is written as text and has its own parser (enum, URL, glob): specialise TextCodec and derive Codec from it.
//   struct Codec<Role> : TextCodec<Role, parse_role, to_string> {};

}  // namespace invar::syntax

#include "syntax/decode_impl.h"  // the remaining specialisations (bool, numbers, Duration, containers, optional, secrets, TextCodec)
