#include "syntax/json.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace invar::syntax {

void append_json_string(std::string& out, std::string_view text, bool html_safe) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t clean = 0;  // start of the run that needs no escape
  std::size_t i = 0;
  const auto flush = [&](std::size_t skip) {
    out.append(text, clean, i - clean);
    i += skip;
    clean = i;
  };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const Rune rune = decode_rune(text.substr(i));
      if (rune.value == 0xFFFD && rune.length == 1) {
        flush(1);
        out += "\\ufffd";
      } else if (html_safe && (rune.value == 0x2028 || rune.value == 0x2029)) {
        flush(static_cast<std::size_t>(rune.length));
        out += rune.value == 0x2028 ? "\\u2028" : "\\u2029";
      } else {
        i += static_cast<std::size_t>(rune.length);
      }
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\' && !(html_safe && (c == '<' || c == '>' || c == '&'))) {
      ++i;
      continue;
    }
    flush(1);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, clean, i - clean);
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  const double magnitude = std::fabs(value);
  if (magnitude >= 1e-6 && magnitude < 1e21) return format_double(value);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  // "1e-07" -> "1e-7": a single leading zero of the exponent goes.
  if (const auto e = text.find("e-0"); e != std::string::npos) text.erase(e + 2, 1);
  return text;
}

namespace {

void append_typed(std::string& out, std::string_view type) {
  out += R"({"type":")";
  out += type;
  out += R"(","value":)";
}

void append_value(std::string& out, const Value& value);

void append_object(std::string& out, const ObjectData& object) {
  append_typed(out, "object");
  out += '[';
  bool first = true;
  for (const auto& [key, field] : object.fields) {
    if (!std::exchange(first, false)) out += ',';
    out += R"({"key":)";
    append_json_string(out, key);
    out += R"(,"value":)";
    append_value(out, field);
    out += '}';
  }
  out += "]}";
}

void append_value(std::string& out, const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      append_typed(out, "null");
      out += "null}";
      return;
    case Type::kNumber:
      append_typed(out, "number");
      out += json_number(value.as_double());
      out += '}';
      return;
    case Type::kString:
      append_typed(out, "string");
      append_json_string(out, value.as_string());
      out += '}';
      return;
    case Type::kBool:
      append_typed(out, "bool");
      out += value.as_bool() ? "true}" : "false}";
      return;
    case Type::kArray: {
      if (const auto* bytes = value.as_byte_string()) {
        append_typed(out, "string");
        append_json_string(out, bytes->bytes);
        out += '}';
        return;
      }
      append_typed(out, "array");
      out += '[';
      bool first = true;
      for (const auto& element : value.as_array()) {
        if (!std::exchange(first, false)) out += ',';
        append_value(out, element);
      }
      out += "]}";
      return;
    }
    case Type::kObject:
      append_object(out, value.as_object());
      return;
    case Type::kFunction:
      append_typed(out, "function");
      out += R"("function"})";
      return;
    case Type::kCapsule: {
      if (const auto object = value.as_capsule()->to_object()) {
        append_object(out, object->as_object());
        return;
      }
      append_typed(out, "capsule");
      append_json_string(out, value.to_text());
      out += '}';
      return;
    }
  }
}

void append_body(std::string& out, const BodyValue& body) {
  out += '[';
  bool first = true;
  for (const auto& statement : body.statements) {
    if (!std::exchange(first, false)) out += ',';
    out += R"({"name":)";
    append_json_string(out, statement.name);
    if (statement.value) {
      out += R"(,"type":"attr","value":)";
      append_value(out, *statement.value);
    } else {
      out += R"(,"type":"block")";
      if (!statement.label.empty()) {
        out += R"(,"label":)";
        append_json_string(out, statement.label);
      }
      out += R"(,"body":)";
      if (statement.body)
        append_body(out, *statement.body);
      else
        out += "[]";
    }
    out += '}';
  }
  out += ']';
}

}  // namespace

std::string value_to_json(const Value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string body_to_json(const BodyValue& body) {
  std::string out;
  append_body(out, body);
  return out;
}

}  // namespace invar::syntax
