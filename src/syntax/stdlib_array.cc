// array.*: language.md 9.2, 9.3. Targets are capsules that convert to an object; results keep the element as
// it was given.
#include <map>

#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

std::expected<Value, FunctionError> concat(FunctionData::Arguments arguments) {
  ArrayData out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    ArrayData storage;
    const ArrayData* elements = list_elements(arguments[i], storage);
    if (elements == nullptr) return argument_failure(i, type_mismatch("array", arguments[i]));
    if (out.size() + elements->size() > kMaxElements) return callee_failure("the result is too long");
    out.insert(out.end(), elements->begin(), elements->end());
  }
  return Value(std::move(out));
}

struct Row {
  const Value* value = nullptr;  // as given: an object or a target
  const ObjectData* fields = nullptr;
  Value storage;  // holds the fields of a converted capsule
};

std::expected<std::vector<Row>, FunctionError> rows_of(const Value& value, std::size_t argument,
                                                       ArrayData& storage) {
  const ArrayData* elements = list_elements(value, storage);
  if (elements == nullptr) return argument_failure(argument, type_mismatch("array", value));
  std::vector<Row> rows(elements->size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].value = &(*elements)[i];
    rows[i].fields = object_fields(*rows[i].value, rows[i].storage);
    if (rows[i].fields == nullptr)
      return argument_failure(argument, at_index(type_mismatch("object", *rows[i].value), i));
  }
  return rows;
}

// The same value of the same kind: integer 1 and float 1.0 differ.
bool same_scalar(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  if (a.type() == Type::kNumber && a.number_kind() != b.number_kind()) return false;
  return a.equals(b);
}

bool match(const Row& left, const Row& right, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    const Value* a = left.fields->find(key);
    const Value* b = right.fields->find(key);
    if (a == nullptr || b == nullptr || !same_scalar(*a, *b)) return false;
  }
  return true;
}

Value merge(const Row& left, const Row& right) {
  auto fields = left.fields->fields;
  fields.insert(fields.end(), right.fields->fields.begin(), right.fields->fields.end());
  return Value::object(std::move(fields));
}

std::expected<Value, FunctionError> combine_maps(FunctionData::Arguments arguments) {
  if (arguments.size() != 3 && arguments.size() != 4)
    return callee_failure("combine_maps: expected 3 or 4 arguments, got " + std::to_string(arguments.size()));
  ArrayData left_storage, right_storage;
  auto left = rows_of(arguments[0], 0, left_storage);
  if (!left) return std::unexpected(std::move(left).error());
  auto right = rows_of(arguments[1], 1, right_storage);
  if (!right) return std::unexpected(std::move(right).error());
  // Keys must be strings as they are: a number that merely converts would name no field.
  if (arguments[2].type() != Type::kArray) return argument_failure(2, type_mismatch("array", arguments[2]));
  ArrayData key_storage;
  std::vector<std::string> keys;
  const ArrayData* key_values = list_elements(arguments[2], key_storage);
  for (std::size_t i = 0; i < key_values->size(); ++i) {
    const Value& key = (*key_values)[i];
    if (key.type() != Type::kString) return argument_failure(2, at_index(type_mismatch("string", key), i));
    keys.push_back(key.as_string());
  }
  if (keys.empty())
    return argument_failure(2, decode_failure("combine_maps: merge conditions must not be empty"));
  bool passthrough = false;
  if (arguments.size() == 4) {
    if (arguments[3].type() != Type::kBool) return argument_failure(3, type_mismatch("bool", arguments[3]));
    passthrough = arguments[3].as_bool();
  }

  ArrayData out;
  for (const Row& a : *left) {
    for (const Row& b : *right) {
      const bool matched = match(a, b, keys);
      if (!matched && !passthrough) continue;
      if (out.size() == kMaxElements) return callee_failure("the result is too long");
      out.push_back(matched ? merge(a, b) : *a.value);
    }
  }
  return Value(std::move(out));
}

std::expected<Value, FunctionError> group_by(FunctionData::Arguments arguments) {
  if (arguments.size() != 3)
    return callee_failure("group_by: expected 3 arguments, got " + std::to_string(arguments.size()));
  ArrayData storage;
  auto rows = rows_of(arguments[0], 0, storage);
  if (!rows) return std::unexpected(std::move(rows).error());
  if (arguments[1].type() != Type::kString) return argument_failure(1, type_mismatch("string", arguments[1]));
  if (arguments[2].type() != Type::kBool) return argument_failure(2, type_mismatch("bool", arguments[2]));
  const std::string& key = arguments[1].as_string();
  const bool drop_missing = arguments[2].as_bool();

  // Groups come in the order in which their keys first appear.
  std::vector<std::pair<std::string, ArrayData>> groups;
  std::map<std::string, std::size_t, std::less<>> positions;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const Row& row = (*rows)[i];
    const Value* field = row.fields->find(key);
    if (field == nullptr && drop_missing) continue;
    if (field != nullptr && field->type() != Type::kString)
      return argument_failure(0, at_index(at_key(type_mismatch("string", *field), key), i));
    const std::string name = field != nullptr ? field->as_string() : std::string();
    const auto [position, added] = positions.emplace(name, groups.size());
    if (added) groups.emplace_back(name, ArrayData{});
    groups[position->second].second.push_back(*row.value);
  }

  ArrayData out;
  for (auto& [name, items] : groups)
    out.push_back(Value::object({{key, Value(name)}, {"items", Value(std::move(items))}}));
  return Value(std::move(out));
}

Value counting_function(std::expected<Value, FunctionError> (*body)(FunctionData::Arguments)) {
  FunctionData data;
  data.checks_count = true;
  data.call = body;
  return function_value(std::move(data));
}

}  // namespace

NamedValues array_functions() {
  return {{"concat", raw_function(0, true, &concat)},
          {"combine_maps", counting_function(&combine_maps)},
          {"group_by", counting_function(&group_by)}};
}

}  // namespace invar::syntax
