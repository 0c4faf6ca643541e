#include "syntax/json.h"

#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "json/reader.h"
#include "json/writer.h"

namespace invar::syntax {
namespace {

// One value of the text into a Value.
class JsonParser {
 public:
  JsonParser(json::Reader& in, const JsonOptions& options) : in_(in), options_(options) {}

  bool value(Value& out) {
    switch (in_.kind()) {
      case json::Kind::kObject:
        return object(out);
      case json::Kind::kArray:
        return array(out);
      case json::Kind::kString: {
        std::string text;
        if (!in_.read(text)) return false;
        out = Value(std::move(text));
        return true;
      }
      case json::Kind::kNumber:
        return number(out);
      case json::Kind::kBool: {
        bool flag = false;
        if (!in_.read(flag)) return false;
        out = Value(flag);
        return true;
      }
      case json::Kind::kNull:
      case json::Kind::kNothing:
        break;
    }
    out = Value();
    return in_.read_null();
  }

 private:
  bool object(Value& out) {
    std::vector<std::pair<std::string, Value>> fields;
    std::string name;
    in_.enter(json::Kind::kObject);
    while (in_.next_member(name)) value(fields.emplace_back(std::move(name), Value()).second);
    out = options_.keep_fields ? Value::as_written(std::move(fields)) : Value::object(std::move(fields));
    return !in_.failed();
  }

  bool array(Value& out) {
    ArrayData elements;
    in_.enter(json::Kind::kArray);
    while (in_.next_element()) value(elements.emplace_back());
    out = Value(std::move(elements));
    return !in_.failed();
  }

  bool number(Value& out) {
    std::string_view digits;
    if (!in_.read_number(digits)) return false;
    if (options_.integers && digits.find_first_of(".eE") == std::string_view::npos) {
      if (const auto v = parse_int(digits)) {
        out = Value(*v);
        return true;
      }
      if (const auto v = parse_uint(digits)) {
        out = Value(*v);
        return true;
      }
    }
    const double v = std::strtod(std::string(digits).c_str(), nullptr);  // the grammar has been checked
    if (std::isinf(v))
      return in_.fail("json: cannot unmarshal number " + std::string(digits) +
                      " into Go value of type float64");
    out = Value(v);
    return true;
  }

  json::Reader& in_;
  const JsonOptions& options_;
};

json::Writer& typed(json::Writer& out, std::string_view type) {
  return out.begin_object().field("type", type).key("value");
}

void append_value(json::Writer& out, const Value& value);

void append_object(json::Writer& out, const ObjectData& object) {
  typed(out, "object").begin_array();
  for (const auto& [key, field] : object.fields) {
    out.begin_object().field("key", key).key("value");
    append_value(out, field);
    out.end_object();
  }
  out.end_array().end_object();
}

void append_value(json::Writer& out, const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      typed(out, "null").null().end_object();
      return;
    case Type::kNumber:
      typed(out, "number").value(value.as_double()).end_object();
      return;
    case Type::kString:
      typed(out, "string").value(value.as_string()).end_object();
      return;
    case Type::kBool:
      typed(out, "bool").value(value.as_bool()).end_object();
      return;
    case Type::kArray: {
      if (const auto* bytes = value.as_byte_string()) {
        typed(out, "string").value(bytes->bytes).end_object();
        return;
      }
      typed(out, "array").begin_array();
      for (const auto& element : value.as_array()) append_value(out, element);
      out.end_array().end_object();
      return;
    }
    case Type::kObject:
      append_object(out, value.as_object());
      return;
    case Type::kFunction:
      typed(out, "function").value("function").end_object();
      return;
    case Type::kCapsule: {
      if (const auto object = value.as_capsule()->to_object()) {
        append_object(out, object->as_object());
        return;
      }
      typed(out, "capsule").value(value.to_text()).end_object();
      return;
    }
  }
}

void append_body(json::Writer& out, const BodyValue& body) {
  out.begin_array();
  for (const auto& statement : body.statements) {
    out.begin_object().field("name", statement.name);
    if (statement.value) {
      append_value(out.field("type", "attr").key("value"), *statement.value);
    } else {
      out.field("type", "block");
      if (!statement.label.empty()) out.field("label", statement.label);
      out.key("body");
      append_body(out, statement.body ? *statement.body : BodyValue());
    }
    out.end_object();
  }
  out.end_array();
}

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonOptions& options, std::size_t* error_offset) {
  json::Reader in(text, {.max_depth = options.max_depth});
  Value value;
  if (JsonParser(in, options).value(value) && in.end()) return value;
  if (error_offset != nullptr) *error_offset = in.error_offset();
  return std::unexpected(in.error());
}

std::string body_to_json(const BodyValue& body) {
  std::string out;
  json::Writer writer(out);
  append_body(writer, body);
  return out;
}

}  // namespace invar::syntax
