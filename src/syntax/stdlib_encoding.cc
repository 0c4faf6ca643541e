// encoding.*: language.md 9.2.
#include <algorithm>
#include <array>

#include "base/strings.h"
#include "syntax/json.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode_base64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += j <= have ? alphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

// Padding is required; line breaks are skipped. The error names the first byte that is wrong.
Outcome decode_base64(std::string_view text, std::string_view alphabet) {
  std::array<int, 256> digits;
  digits.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);

  const auto bad = [](std::size_t at) {
    return std::unexpected("illegal base64 data at input byte " + std::to_string(at));
  };
  const auto is_break = [](char c) { return c == '\n' || c == '\r'; };
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int have = 0;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (is_break(text[i])) continue;
    if (text[i] == '=') break;
    const int digit = digits[static_cast<unsigned char>(text[i])];
    if (digit < 0) return bad(i);
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (++have < 4) continue;
    out += static_cast<char>(group >> 16);
    out += static_cast<char>(group >> 8);
    out += static_cast<char>(group);
    group = 0;
    have = 0;
  }
  if (i == text.size()) {
    if (have != 0) return bad(text.size() - static_cast<std::size_t>(have));
    return Value(ByteString{std::move(out)});
  }
  // At the first padding character: two or three digits stand before it, and nothing but the padding follows.
  if (have < 2) return bad(i);
  ++i;
  if (have == 2) {
    while (i < text.size() && is_break(text[i])) ++i;
    if (i == text.size()) return bad(text.size());
    if (text[i] != '=') return bad(i - 1);
    ++i;
  }
  while (i < text.size() && is_break(text[i])) ++i;
  if (i < text.size()) return bad(i);
  group <<= 6 * (4 - have);
  out += static_cast<char>(group >> 16);
  if (have == 3) out += static_cast<char>(group >> 8);
  return Value(ByteString{std::move(out)});
}

Outcome from_url_base64(const std::string& text) {
  return decode_base64(text, kUrlSafe);
}
Outcome to_base64_standard(const std::string& text) {
  return text_outcome(encode_base64(text, kStandard));
}
Outcome to_base64_url(const std::string& text) {
  return text_outcome(encode_base64(text, kUrlSafe));
}

Outcome url_encode(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return text_outcome(std::move(out));
}

Outcome url_decode(std::string text) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 1 < text.size() ? hex(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::unexpected("invalid URL escape " + quote(text.substr(i, 3)));
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return Value(std::move(out));
}

Outcome from_json(const std::string& text) {
  auto value = parse_json(text);
  if (!value) return std::unexpected(std::move(value.error().message));
  return std::move(*value);
}

// ---- to_json

class JsonWriter {
 public:
  std::expected<std::string, std::string> write(const Value& value) {
    if (!append(value)) return std::unexpected(std::move(problem_));
    return std::move(out_);
  }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool append(const Value& value) {
    if (out_.size() > kMaxTextBytes) return fail("the result is too long");
    switch (value.type()) {
      case Type::kNull:
        out_ += "null";
        return true;
      case Type::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return true;
      case Type::kString:
        append_json_string(out_, value.as_string(), true);
        return true;
      case Type::kNumber:
        if (value.number_kind() != Value::NumberKind::kFloat) {
          out_ += value.number_text();
          return true;
        }
        if (const std::string text = json_number(value.as_double()); text != "null") {
          out_ += text;
          return true;
        }
        return fail("json: unsupported value: " + value.number_text());
      case Type::kArray: {
        if (const auto* bytes = value.as_byte_string()) {
          append_json_string(out_, bytes->bytes, true);
          return true;
        }
        out_ += '[';
        bool first = true;
        for (const auto& element : value.as_array()) {
          if (!std::exchange(first, false)) out_ += ',';
          if (!append(element)) return false;
        }
        out_ += ']';
        return true;
      }
      case Type::kObject:
        return append_object(value.as_object());
      case Type::kFunction:
        return fail("json: unsupported type: function");
      case Type::kCapsule:
        return append_capsule(*value.as_capsule());
    }
    return true;
  }

  bool append_object(const ObjectData& object) {
    const auto fields = object.by_name();
    out_ += '{';
    bool first = true;
    for (const auto* field : fields) {
      if (!std::exchange(first, false)) out_ += ',';
      append_json_string(out_, field->first, true);
      out_ += ':';
      if (!append(field->second)) return false;
    }
    out_ += '}';
    return true;
  }

  // A secret must not reach a plain string by this way; what is not secret is written as what it stands for.
  bool append_capsule(const Capsule& capsule) {
    if (const auto* optional = dynamic_cast<const OptionalSecret*>(&capsule);
        optional && !optional->is_secret()) {
      append_json_string(out_, optional->text(), true);
      return true;
    }
    if (capsule.display() == "(secret)") return fail("secrets may not be converted into strings");
    if (const auto object = capsule.to_object()) return append_object(object->as_object());
    return fail("json: unsupported type: capsule(" + quote(capsule.type_name()) + ")");
  }

  std::string out_;
  std::string problem_;
};

Outcome to_json(const Value& value) {
  if (value.type() != Type::kObject) return std::unexpected("jsonEncode only supports map");
  auto text = JsonWriter().write(value);
  if (!text) return std::unexpected(std::move(text).error());
  return text_outcome(std::move(*text));
}

Outcome from_yaml(const std::string& text) {
  return parse_yaml(text);
}

}  // namespace

Outcome from_base64(const std::string& text) {
  return decode_base64(text, kStandard);
}

NamedValues encoding_functions() {
  return {{"from_base64", typed_function(&from_base64)},
          {"to_base64", typed_function(&to_base64_standard)},
          {"from_URLbase64", typed_function(&from_url_base64)},
          {"to_URLbase64", typed_function(&to_base64_url)},
          {"url_encode", typed_function(&url_encode)},
          {"url_decode", typed_function(&url_decode)},
          {"from_json", typed_function(&from_json)},
          {"to_json", typed_function(&to_json)},
          {"from_yaml", typed_function(&from_yaml)}};
}

}  // namespace invar::syntax
