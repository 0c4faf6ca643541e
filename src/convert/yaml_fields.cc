#include "convert/yaml_fields.h"

#include <fmt/format.h>

#include <charconv>

#include "base/strings.h"
#include "base/time.h"
#include "syntax/evaluator.h"

namespace invar::convert {
namespace {

using syntax::Field;
using syntax::Type;
using syntax::Value;

// `1d`, `1w2d`: units that Go's durations lack.
std::string duration_text(const std::string& text) {
  if (parse_duration(text)) return text;
  constexpr std::pair<char, std::int64_t> kHours[] = {{'d', 24}, {'w', 24 * 7}, {'y', 24 * 365}};
  std::int64_t hours = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
    const auto unit = static_cast<std::size_t>(parsed.ptr - text.data());
    if (parsed.ec != std::errc() || unit >= text.size()) return text;
    std::int64_t factor = 0;
    for (const auto& [letter, each] : kHours)
      if (text[unit] == letter) factor = each;
    if (factor == 0) return hours == 0 ? text : fmt::format("{}h{}", hours, text.substr(at));
    hours += number * factor;
    at = unit + 1;
  }
  return fmt::format("{}h", hours);
}

std::string expression(const Value& value, std::string_view type) {
  if (value.type() == Type::kArray) {
    std::vector<std::string> elements;
    const std::string_view inner = type.starts_with("list(") ? type.substr(5, type.size() - 6) : "string";
    for (const Value& element : value.as_array()) elements.push_back(expression(element, inner));
    return fmt::format("[{}]", join(elements, ", "));
  }
  if (value.type() == Type::kObject) {
    const std::string_view inner = type.starts_with("map(") ? type.substr(4, type.size() - 5) : "string";
    std::string out = "{";
    for (const auto& [key, element] : value.as_object().fields)
      out += fmt::format("\n{} = {},", quote(key), expression(element, inner));
    return out + "\n}";
  }
  if (type.starts_with("list("))
    return fmt::format("[{}]", expression(value, type.substr(5, type.size() - 6)));
  if (type == "int" || type == "uint" || type == "float" || type == "bool") return printed(value);
  if (type == "duration") return quote(duration_text(printed(value)));
  return quote(printed(value));
}

// Names that differ.
std::string_view renamed(std::string_view key, const syntax::Schema& schema) {
  if (key == "filters" && schema.find("filters") == nullptr) return "filter";
  return key;
}

// Prometheus has an object of lists for each header.
void write_headers(const Value& headers, TextWriter& out) {
  std::string text;
  for (const auto& [name, sources] : headers.as_object().fields) {
    std::vector<std::string> values;
    for (const char* key : {"values", "secrets"})
      if (const Value* given = find(sources, key))
        for (const Value& value : list_of(*given)) values.push_back(quote(printed(value)));
    if (!values.empty()) text += fmt::format("\n{} = [{}],", quote(name), join(values, ", "));
    if (find(sources, "files") != nullptr)
      out.comment(fmt::format("The header {} from files is not carried over.", quote(name)));
  }
  if (!text.empty()) out.attribute("http_headers", "{" + text + "\n}");
}

}  // namespace

const Value* find(const Value& object, std::string_view key) {
  if (object.type() != Type::kObject) return nullptr;
  for (const auto& [name, value] : object.as_object().fields)
    if (name == key) return &value;
  return nullptr;
}

std::vector<Value> list_of(const Value& value) {
  if (value.type() == Type::kArray) return {value.as_array().begin(), value.as_array().end()};
  if (value.type() == Type::kNull) return {};
  return {value};
}

std::string printed(const Value& value) {
  if (value.type() == Type::kString) return value.as_string();
  return syntax::stdlib_printed(value).value_or("");
}

std::string duration_expression(const std::string& text) {
  return quote(duration_text(text));
}

std::string text_at(const Value& object, std::string_view key) {
  const Value* value = find(object, key);
  return value == nullptr || value->type() == Type::kNull ? "" : printed(*value);
}

void write_fields(const Value& object, const syntax::Schema& schema,
                  const std::set<std::string, std::less<>>& done, TextWriter& out) {
  if (object.type() != Type::kObject) return;
  for (const auto& [key, value] : object.as_object().fields) {
    if (done.contains(key) || value.type() == Type::kNull) continue;
    const Field* field = schema.find(renamed(key, schema));
    if (field == nullptr) {
      out.comment(fmt::format("{} is not carried over.", key));
    } else if (key == "http_headers" && value.type() == Type::kObject) {
      write_headers(value, out);
    } else if (field->kind == Field::Kind::kAttribute) {
      out.attribute(field->name, expression(value, field->type_text));
    } else {
      for (const Value& each : list_of(value)) {
        out.begin(field->name);
        write_fields(each, *field->block, {}, out);
        out.end();
      }
    }
  }
}

}  // namespace invar::convert
