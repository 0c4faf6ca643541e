// encoding.*: language.md 9.2.
#include <cmath>

#include "base/strings.h"
#include "codec/base64.h"
#include "json/writer.h"
#include "syntax/json.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

Outcome decoded(const std::string& text, codec::Base64 alphabet) {
  auto bytes = codec::from_base64(text, alphabet);
  if (!bytes) return std::unexpected("illegal base64 data at input byte " + std::to_string(bytes.error()));
  return Value(ByteString{std::move(*bytes)});
}

Outcome from_base64(const std::string& text) {
  return decoded(text, codec::Base64::kStandard);
}
Outcome from_url_base64(const std::string& text) {
  return decoded(text, codec::Base64::kUrlSafe);
}
Outcome to_base64_standard(const std::string& text) {
  return text_outcome(to_base64(text));
}
Outcome to_base64_url(const std::string& text) {
  return text_outcome(codec::to_base64(text, codec::Base64::kUrlSafe));
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

// Writes until something cannot be JSON; what that is stays in problem().
class ToJson {
 public:
  bool append(const Value& value) {
    if (text_.size() > kMaxTextBytes) return fail("the result is too long");
    switch (value.type()) {
      case Type::kNull:
        out_.null();
        return true;
      case Type::kBool:
        out_.value(value.as_bool());
        return true;
      case Type::kString:
        out_.value(value.as_string());
        return true;
      case Type::kNumber:
        if (value.number_kind() != Value::NumberKind::kFloat) {
          out_.raw(value.number_text());
          return true;
        }
        if (!std::isfinite(value.as_double())) return fail("json: unsupported value: " + value.number_text());
        out_.value(value.as_double());
        return true;
      case Type::kArray: {
        if (const auto* bytes = value.as_byte_string()) {
          out_.value(bytes->bytes);
          return true;
        }
        out_.begin_array();
        for (const auto& element : value.as_array()) {
          if (!append(element)) return false;
        }
        out_.end_array();
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

  std::string text() { return std::move(text_); }
  std::string problem() { return std::move(problem_); }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool append_object(const ObjectData& object) {
    out_.begin_object();
    for (const auto* field : object.by_name()) {
      out_.key(field->first);
      if (!append(field->second)) return false;
    }
    out_.end_object();
    return true;
  }

  // A secret must not reach a plain string by this way; what is not secret is written as what it stands for.
  bool append_capsule(const Capsule& capsule) {
    if (const auto* optional = dynamic_cast<const OptionalSecret*>(&capsule);
        optional && !optional->is_secret()) {
      out_.value(optional->text());
      return true;
    }
    if (capsule.display() == "(secret)") return fail("secrets may not be converted into strings");
    if (const auto object = capsule.to_object()) return append_object(object->as_object());
    return fail("json: unsupported type: capsule(" + quote(capsule.type_name()) + ")");
  }

  std::string text_;
  json::Writer out_{text_, JsonEscapes::kHtml};
  std::string problem_;
};

Outcome to_json(const Value& value) {
  if (value.type() != Type::kObject) return std::unexpected("jsonEncode only supports map");
  ToJson writer;
  if (!writer.append(value)) return std::unexpected(writer.problem());
  return text_outcome(writer.text());
}

Outcome from_yaml(const std::string& text) {
  return parse_yaml(text);
}

}  // namespace

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
