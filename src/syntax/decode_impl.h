// The specialisations of Codec that decode.h announces, and what they are made of: one codec per C++ type that an argument can have.
// Included by decode.h only. Errors: DecodeError with the path inside the value; the texts of language.md 7.1.
// Threads: any; pure.
#pragma once

namespace invar::syntax {

// ---- helpers of the specialisations

// Runs a decoder for its error only: the body of every StaticType::check.
template <class T>
std::optional<DecodeError> decode_error_of(const Value& value) {
  auto decoded = Codec<T>::decode(value);
  if (decoded) return std::nullopt;
  return std::move(decoded).error();
}

template <class T>
StaticType static_type_of(StaticType::Kind kind) {
  return {kind, nullptr, &decode_error_of<T>};
}

DecodeError decode_failure(std::string message);              // the type's own text, no path
DecodeError at_index(DecodeError error, std::size_t index);   // the error, seen from the containing list
DecodeError at_key(DecodeError error, std::string_view key);  // the error, seen from the containing object
std::expected<std::string, DecodeError> decode_text(const Value& value);  // what a text-encoded type reads
std::expected<Duration, DecodeError> decode_duration(const Value& value);
// The elements of an array or byte string (bytes as numbers, kept in `storage`); null when the value is
// neither.
const ArrayData* list_elements(const Value& value, ArrayData& storage);
// The fields of an object or of a capsule that converts to one (kept in `storage`); null when the value is
// neither.
const ObjectData* object_fields(const Value& value, Value& storage);

// ---- scalars

template <>
struct Codec<bool> {
  static std::string type_text() { return "bool"; }
  static StaticType static_type() { return static_type_of<bool>(StaticType::Kind::kBool); }
  static std::expected<bool, DecodeError> decode(const Value& v) {
    if (v.is_null()) return false;
    if (v.type() != Type::kBool) return std::unexpected(type_mismatch("bool", v));
    return v.as_bool();
  }
  static Value encode(bool v) { return Value(v); }
};

// Integers wrap to their width without an error (language.md 7.1).
template <std::integral T>
  requires(!std::same_as<T, bool>)
struct Codec<T> {
  static std::string type_text() { return std::is_signed_v<T> ? "int" : "uint"; }
  static StaticType static_type() { return static_type_of<T>(StaticType::Kind::kNumber); }
  static std::expected<T, DecodeError> decode(const Value& v) {
    if constexpr (std::is_signed_v<T>) {
      auto wide = decode_int(v);
      if (!wide) return std::unexpected(std::move(wide).error());
      return static_cast<T>(*wide);
    } else {
      auto wide = decode_uint(v);
      if (!wide) return std::unexpected(std::move(wide).error());
      return static_cast<T>(*wide);
    }
  }
  static Value encode(T v) {
    if constexpr (std::is_signed_v<T>)
      return Value(static_cast<std::int64_t>(v));
    else
      return Value(static_cast<std::uint64_t>(v));
  }
};

template <std::floating_point T>
struct Codec<T> {
  static std::string type_text() { return "float"; }
  static StaticType static_type() { return static_type_of<T>(StaticType::Kind::kNumber); }
  static std::expected<T, DecodeError> decode(const Value& v) {
    auto wide = decode_double(v);
    if (!wide) return std::unexpected(std::move(wide).error());
    return static_cast<T>(*wide);
  }
  static Value encode(T v) { return Value(static_cast<double>(v)); }
};

template <>
struct Codec<Duration> {
  static std::string type_text() { return "duration"; }
  static StaticType static_type() { return static_type_of<Duration>(StaticType::Kind::kTextEncoded); }
  static std::expected<Duration, DecodeError> decode(const Value& v) { return decode_duration(v); }
  static Value encode(Duration v) { return Value(format_duration(v)); }
};

// A type written as text. `parse`: Result<T>(std::string_view or const std::string&); its error text is shown
// as it is. `print`: anything a std::string can be made from. Null gives T{}.
//   template <> struct Codec<Role> : TextCodec<Role, parse_role, role_name> {};
template <class T, auto parse, auto print>
struct TextCodec {
  static std::string type_text() { return "string"; }
  static StaticType static_type() { return {StaticType::Kind::kTextEncoded, nullptr, &error_of}; }
  static std::expected<T, DecodeError> decode(const Value& v) {
    if (v.is_null()) return T{};
    auto text = decode_text(v);
    if (!text) return std::unexpected(std::move(text).error());
    auto parsed = parse(*text);
    if (!parsed) return std::unexpected(decode_failure(parsed.error().message));
    return std::move(*parsed);
  }
  static Value encode(const T& v) { return Value(std::string(print(v))); }

 private:
  static std::optional<DecodeError> error_of(const Value& v) {
    auto decoded = decode(v);
    if (decoded) return std::nullopt;
    return std::move(decoded).error();
  }
};

// ---- secrets

template <>
struct Codec<OptionalSecretText> {
  static std::string type_text() { return "optional secret"; }
  static StaticType static_type() { return static_type_of<OptionalSecretText>(StaticType::Kind::kSecret); }
  static std::expected<OptionalSecretText, DecodeError> decode(const Value& v) {
    if (v.is_null()) return OptionalSecretText{};
    auto secret = decode_secret(v);
    if (!secret) return std::unexpected(std::move(secret).error());
    return OptionalSecretText{std::move(secret->text), secret->secret};
  }
  static Value encode(const OptionalSecretText& v) {
    return Value(CapsulePtr(std::make_shared<const OptionalSecret>(v.text, v.secret)));
  }
};

// ---- containers

template <class T>
struct Codec<std::vector<T>> {
  static std::string type_text() { return "list(" + Codec<T>::type_text() + ")"; }
  static StaticType static_type() {
    return {StaticType::Kind::kList, std::make_shared<const StaticType>(Codec<T>::static_type()),
            &decode_error_of<std::vector<T>>};
  }
  static std::expected<std::vector<T>, DecodeError> decode(const Value& v) {
    std::vector<T> out;
    if (v.is_null()) return out;
    ArrayData storage;
    const ArrayData* elements = list_elements(v, storage);
    if (elements == nullptr) return std::unexpected(type_mismatch("array", v));
    out.reserve(elements->size());
    for (std::size_t i = 0; i < elements->size(); ++i) {
      auto element = Codec<T>::decode((*elements)[i]);
      if (!element) return std::unexpected(at_index(std::move(element).error(), i));
      out.push_back(std::move(*element));
    }
    return out;
  }
  static Value encode(const std::vector<T>& v) {
    ArrayData out;
    out.reserve(v.size());
    for (const auto& element : v) out.push_back(Codec<T>::encode(element));
    return Value(std::move(out));
  }
};

template <class T, class Compare>
struct Codec<std::map<std::string, T, Compare>> {
  using Map = std::map<std::string, T, Compare>;
  static std::string type_text() { return "map(" + Codec<T>::type_text() + ")"; }
  static StaticType static_type() {
    return {StaticType::Kind::kMap, std::make_shared<const StaticType>(Codec<T>::static_type()),
            &decode_error_of<Map>};
  }
  static std::expected<Map, DecodeError> decode(const Value& v) {
    Map out;
    if (v.is_null()) return out;
    Value storage;
    const ObjectData* object = object_fields(v, storage);
    if (object == nullptr) return std::unexpected(type_mismatch("object", v));
    for (const auto& [key, field] : object->fields) {
      auto element = Codec<T>::decode(field);
      if (!element) return std::unexpected(at_key(std::move(element).error(), key));
      out.insert_or_assign(key, std::move(*element));
    }
    return out;
  }
  static Value encode(const Map& v) {
    std::vector<std::pair<std::string, Value>> fields;
    fields.reserve(v.size());
    for (const auto& [key, element] : v) fields.emplace_back(key, Codec<T>::encode(element));
    return Value::object(std::move(fields));
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static std::string type_text() { return Codec<T>::type_text(); }
  static StaticType static_type() { return Codec<T>::static_type(); }
  static std::expected<std::optional<T>, DecodeError> decode(const Value& v) {
    if (v.is_null()) return std::optional<T>{};
    auto decoded = Codec<T>::decode(v);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    return std::optional<T>(std::move(*decoded));
  }
  static Value encode(const std::optional<T>& v) { return v ? Codec<T>::encode(*v) : Value(); }
};

}  // namespace invar::syntax
