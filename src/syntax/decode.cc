#include "syntax/decode.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::syntax {

DecodeError type_mismatch(std::string_view expected, const Value& got) {
  DecodeError error;
  error.expected = expected;
  error.actual = got.type_name();
  error.message = "should be " + error.expected + ", got " + error.actual;
  error.null_value = got.is_null();
  return error;
}

DecodeError with_hint(DecodeError error, std::string hint) {
  if (!hint.empty()) error.hint = " (" + std::move(hint) + ")";
  return error;
}

DecodeError decode_failure(std::string message) {
  DecodeError error;
  error.message = std::move(message);
  return error;
}

DecodeError at_index(DecodeError error, std::size_t index) {
  error.path.insert(error.path.begin(), index);
  return error;
}

DecodeError at_key(DecodeError error, std::string_view key) {
  error.path.insert(error.path.begin(), std::string(key));
  return error;
}

const ArrayData* list_elements(const Value& value, ArrayData& storage) {
  if (value.type() != Type::kArray) return nullptr;
  const ByteString* bytes = value.as_byte_string();
  if (bytes == nullptr) return &value.as_array();
  storage.clear();
  for (const char c : bytes->bytes) storage.emplace_back(std::uint64_t{static_cast<unsigned char>(c)});
  return &storage;
}

const ObjectData* object_fields(const Value& value, Value& storage) {
  if (value.type() == Type::kObject) return &value.as_object();
  if (value.type() != Type::kCapsule) return nullptr;
  auto object = value.as_capsule()->to_object();
  if (!object) return nullptr;
  storage = std::move(*object);
  return &storage.as_object();
}

namespace {

// A whole number at the start of a text, and what follows it without blanks.
struct Amount {
  std::uint64_t number;
  std::string_view unit;
};
std::optional<Amount> amount_of(std::string_view text) {
  text = trim_space(text);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_uint(text.substr(0, digits));
  if (!number) return std::nullopt;
  return Amount{*number, trim_space(text.substr(digits))};
}

// "1GB" -> write 1000000000
std::string size_hint(std::string_view text) {
  constexpr std::string_view kPrefixes = "kmgt";
  const auto amount = amount_of(text);
  if (!amount || amount->unit.empty()) return "";
  const std::string unit = to_lower_ascii(amount->unit);
  const std::size_t exponent = unit == "b" ? 0 : kPrefixes.find(unit[0]) + 1;
  const std::string_view rest = std::string_view(unit).substr(1);
  const bool binary = rest == "ib" || rest == "i";
  if (unit != "b" && (exponent == 0 || !(binary || rest.empty() || rest == "b"))) return "";
  std::uint64_t bytes = amount->number;
  for (std::size_t i = 0; i < exponent; ++i)
    if (__builtin_mul_overflow(bytes, binary ? 1024U : 1000U, &bytes)) return "";
  return "write " + std::to_string(bytes);
}

// "15" -> write "15s"; "7d" -> write "168h"
std::string duration_hint(std::string_view text) {
  const auto amount = amount_of(text);
  if (!amount) return "as in \"15s\", \"1m30s\" or \"24h\"";
  if (amount->unit.empty()) return "write " + quote(std::to_string(amount->number) + "s");
  const std::string unit = to_lower_ascii(amount->unit);
  constexpr std::uint64_t kMost = 100'000;
  const std::uint64_t hours = unit == "d" || unit == "day" || unit == "days"     ? 24
                              : unit == "w" || unit == "week" || unit == "weeks" ? 168
                                                                                 : 0;
  if (hours > 0 && amount->number < kMost)
    return "write " + quote(std::to_string(amount->number * hours) + "h");
  return "units are ms, s, m and h";
}

constexpr std::string_view kSecretToString = "secrets may not be converted into strings";

// The text of a string, a byte string or an optional secret that is not secret; a failure for a secret.
std::expected<const std::string*, DecodeError> plain_text(const Value& value) {
  if (value.type() == Type::kString) return &value.as_string();
  if (const auto* bytes = value.as_byte_string()) return &bytes->bytes;
  if (value.type() == Type::kCapsule) {
    const Capsule& capsule = *value.as_capsule();
    if (dynamic_cast<const Secret*>(&capsule) != nullptr)
      return std::unexpected(decode_failure(std::string(kSecretToString)));
    if (const auto* optional = dynamic_cast<const OptionalSecret*>(&capsule)) {
      if (optional->is_secret()) return std::unexpected(decode_failure(std::string(kSecretToString)));
      return &optional->text();
    }
    if (auto refusal = capsule.string_refusal(); !refusal.empty())
      return std::unexpected(decode_failure(std::move(refusal)));
  }
  return std::unexpected(type_mismatch("string", value));
}

// String -> number: language.md 7.1.
std::optional<Value> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] == '-') {
    if (const auto v = parse_int(text)) return Value(*v);
    return std::nullopt;
  }
  if (text.find_first_of(".eE") != std::string_view::npos) {
    if (text[0] == '+') return std::nullopt;
    if (const auto v = parse_double(text)) return Value(*v);
    return std::nullopt;
  }
  if (const auto v = parse_uint(text)) return Value(*v);
  return std::nullopt;
}

std::expected<Value, DecodeError> decode_number(const Value& value) {
  if (value.is_null()) return Value(0);
  if (value.type() == Type::kNumber) return value;
  auto text = plain_text(value);
  if (!text) return std::unexpected(type_mismatch("number", value));
  auto number = parse_number(**text);
  if (!number)
    return std::unexpected(with_hint(
        type_mismatch("number", value.type() == Type::kArray ? value : Value("")), size_hint(**text)));
  return std::move(*number);
}

}  // namespace

std::expected<std::string, DecodeError> decode_string(const Value& value) {
  if (value.is_null()) return std::string();
  if (value.type() == Type::kNumber) return value.number_text();
  auto text = plain_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  return **text;
}

std::expected<std::string, DecodeError> decode_text(const Value& value) {
  return decode_string(value);
}

std::expected<std::int64_t, DecodeError> decode_int(const Value& value) {
  auto number = decode_number(value);
  if (!number) return std::unexpected(std::move(number).error());
  return number->as_int();
}

std::expected<std::uint64_t, DecodeError> decode_uint(const Value& value) {
  auto number = decode_number(value);
  if (!number) return std::unexpected(std::move(number).error());
  return number->as_uint();
}

std::expected<double, DecodeError> decode_double(const Value& value) {
  auto number = decode_number(value);
  if (!number) return std::unexpected(std::move(number).error());
  return number->as_double();
}

std::expected<DecodedSecret, DecodeError> decode_secret(const Value& value) {
  if (value.is_null()) return DecodedSecret{{}, true};
  if (value.type() == Type::kString) return DecodedSecret{value.as_string(), false};
  // A byte string is text that was decoded: safe to accept, though the original refuses it.
  if (const auto* bytes = value.as_byte_string()) return DecodedSecret{bytes->bytes, false};
  if (value.type() == Type::kCapsule) {
    const Capsule& capsule = *value.as_capsule();
    if (const auto* secret = dynamic_cast<const Secret*>(&capsule))
      return DecodedSecret{secret->text(), true};
    if (const auto* optional = dynamic_cast<const OptionalSecret*>(&capsule))
      return DecodedSecret{optional->text(), optional->is_secret()};
    return std::unexpected(decode_failure("expected capsule(\"alloytypes.Secret\"), got capsule(" +
                                          quote(capsule.type_name()) + ")"));
  }
  return std::unexpected(type_mismatch("capsule", value));
}

std::expected<Duration, DecodeError> decode_duration(const Value& value) {
  if (value.is_null()) return Duration{};
  auto text = decode_string(value);
  if (!text) return std::unexpected(std::move(text).error());
  auto duration = parse_duration(*text);
  if (!duration)
    return std::unexpected(
        with_hint(decode_failure(std::move(duration.error().message)), duration_hint(*text)));
  return std::clamp(*duration, -kForever, kForever);
}

}  // namespace invar::syntax
