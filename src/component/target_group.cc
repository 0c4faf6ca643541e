#include "component/target_group.h"

#include "base/strings.h"
#include "syntax/json.h"

namespace invar::component {
namespace {

using syntax::Type;
using syntax::Value;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// Both start anew: of a repeated field the last wins.
Result<> read_addresses(const Value& value, std::vector<std::string>& out) {
  out.clear();
  if (value.is_null()) return {};
  if (value.type() != Type::kArray)
    return invalid("\"targets\" must be a list, not " + std::string(value.type_name()));
  out.reserve(value.as_array().size());
  for (const Value& address : value.as_array()) {
    if (address.is_null()) {
      out.emplace_back();
      continue;
    }
    if (address.type() != Type::kString) {
      return invalid("a target must be a string, not " + std::string(address.type_name()));
    }
    out.push_back(address.as_string());
  }
  return {};
}

Result<> read_labels(const Value& value, Target::Map& out) {
  out.clear();
  if (value.is_null()) return {};
  if (value.type() != Type::kObject) {
    return invalid("\"labels\" must be an object, not " + std::string(value.type_name()));
  }
  for (const auto& [name, text] : value.as_object().fields) {
    if (name.empty()) return invalid("\"\" is not a valid label name");
    if (!text.is_null() && text.type() != Type::kString) {
      return invalid("label " + quote(name) + " must be a string, not " + std::string(text.type_name()));
    }
    out[name] = text.is_null() ? std::string() : text.as_string();
  }
  return {};
}

Result<TargetGroup> read_group(const Value& value) {
  if (value.is_null()) return invalid("nil target group item found");
  if (value.type() != Type::kObject) {
    return invalid("a target group must be an object, not " + std::string(value.type_name()));
  }
  TargetGroup group;
  for (const auto& [key, field] : value.as_object().fields) {
    if (equals_ignore_case(key, "targets")) {
      INVAR_TRY(read_addresses(field, group.addresses));
    } else if (equals_ignore_case(key, "labels")) {
      INVAR_TRY(read_labels(field, group.labels));
    } else {
      return invalid("json: unknown field " + quote(key));
    }
  }
  return group;
}

}  // namespace

Result<std::vector<TargetGroup>> parse_target_groups_json(std::string_view text) {
  INVAR_ASSIGN_OR_RETURN(const Value root, syntax::parse_json(text, {.keep_fields = true, .max_depth = 16}));
  std::vector<TargetGroup> groups;
  if (root.is_null()) return groups;
  if (root.type() != Type::kArray) {
    return invalid("target groups must be a list, not " + std::string(root.type_name()));
  }
  groups.reserve(root.as_array().size());
  for (std::size_t i = 0; i < root.as_array().size(); ++i) {
    auto group = read_group(root.as_array()[i]);
    if (!group) return std::unexpected(group.error().wrapped("group " + std::to_string(i)));
    groups.push_back(std::move(*group));
  }
  return groups;
}

void append_targets(const TargetGroup& group, Targets& out) {
  for (const std::string& address : group.addresses) {
    Target::Map labels = group.labels;
    labels["__address__"] = address;
    out.emplace_back(std::move(labels));
  }
}

}  // namespace invar::component
