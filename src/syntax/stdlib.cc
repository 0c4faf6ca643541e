// The standard library's table of names: language.md 9.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "base/build_info.h"
#include "syntax/evaluator.h"
#include "syntax/evaluator_internal.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

std::string host_name() {
  char buffer[256] = {};
  return gethostname(buffer, sizeof buffer - 1) == 0 ? std::string(buffer) : std::string();
}

Value constants() {
  const std::string_view platform = build_info().platform;  // "linux/amd64"
  const auto slash = platform.find('/');
  const bool both = slash != std::string_view::npos;
  const std::string_view version = build_info().version;
  return Value::object({{"hostname", Value(host_name())},
                        {"os", Value(both ? platform.substr(0, slash) : platform)},
                        {"arch", Value(both ? platform.substr(slash + 1) : std::string_view())},
                        {"version", Value(version.empty() ? std::string_view("v0.0.0") : version)}});
}

Outcome sys_env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return Value(value != nullptr ? std::string(value) : std::string());
}

Outcome nonsensitive(DecodedSecret secret) {
  return Value(std::move(secret.text));
}

bool is_empty(const Value& value) {
  switch (value.type()) {
    case Type::kNull:
      return true;
    case Type::kNumber:
      return value.as_double() == 0;
    case Type::kString:
      return value.as_string().empty();
    case Type::kBool:
      return !value.as_bool();
    case Type::kArray: {
      const ByteString* bytes = value.as_byte_string();
      return bytes != nullptr ? bytes->bytes.empty() : value.as_array().empty();
    }
    case Type::kObject:
      return value.as_object().fields.empty();
    case Type::kFunction:
      return false;
    case Type::kCapsule: {
      if (const auto object = value.as_capsule()->to_object()) return object->as_object().fields.empty();
      return value.as_capsule()->is_empty();
    }
  }
  return false;
}

std::expected<Value, FunctionError> coalesce(FunctionData::Arguments arguments) {
  for (const Value& value : arguments)
    if (!is_empty(value)) return value;
  return arguments.empty() ? Value() : arguments.back();
}

}  // namespace

// The parameter of convert.nonsensitive.
template <>
struct Codec<DecodedSecret> {
  static std::expected<DecodedSecret, DecodeError> decode(const Value& v) { return decode_secret(v); }
};

namespace {

struct Deprecated {
  std::string_view name, space, member;
};
constexpr Deprecated kDeprecated[] = {
    {"base64_decode", "encoding", "from_base64"},
    {"concat", "array", "concat"},
    {"env", "sys", "env"},
    {"format", "string", "format"},
    {"join", "string", "join"},
    {"json_decode", "encoding", "from_json"},
    {"nonsensitive", "convert", "nonsensitive"},
    {"replace", "string", "replace"},
    {"split", "string", "split"},
    {"to_lower", "string", "to_lower"},
    {"to_upper", "string", "to_upper"},
    {"trim", "string", "trim"},
    {"trim_prefix", "string", "trim_prefix"},
    {"trim_space", "string", "trim_space"},
    {"trim_suffix", "string", "trim_suffix"},
    {"yaml_decode", "encoding", "from_yaml"},
};

using Table = std::map<std::string, Value, std::less<>>;

Table make_table() {
  Table table;
  table["constants"] = constants();
  table["sys"] = Value::object({{"env", typed_function(&sys_env)}});
  table["convert"] = Value::object({{"nonsensitive", typed_function(&nonsensitive)}});
  table["array"] = Value::object(array_functions());
  table["encoding"] = Value::object(encoding_functions());
  table["string"] = Value::object(string_functions());
  table["file"] = Value::object(file_functions());
  table["coalesce"] = raw_function(0, true, &coalesce);
  table["json_path"] = json_path_function();
  for (const auto& alias : kDeprecated)
    table[std::string(alias.name)] = *table.find(alias.space)->second.as_object().find(alias.member);
  return table;
}

const Table& table() {
  static const Table* const names = new Table(make_table());  // values may be read while static objects die
  return *names;
}

}  // namespace

const Value* stdlib_find(std::string_view name) {
  const auto it = table().find(name);
  return it != table().end() ? &it->second : nullptr;
}

std::string stdlib_replacement(std::string_view name) {
  const auto* alias = std::ranges::find(kDeprecated, name, &Deprecated::name);
  if (alias == std::end(kDeprecated)) return {};
  return std::string(alias->space) + "." + std::string(alias->member);
}

std::optional<Stability> stdlib_stability(std::string_view dotted_name) {
  if (dotted_name == "array.combine_maps" || dotted_name == "array.group_by") return Stability::kExperimental;
  return std::nullopt;
}

std::vector<std::string> stdlib_names() {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : table())
    if (stdlib_replacement(name).empty()) names.push_back(name);
  return names;
}

}  // namespace invar::syntax
