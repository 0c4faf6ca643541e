#include "components/discovery/file/target_file.h"

#include <yaml-cpp/yaml.h>

#include <set>
#include <string>

#include "base/strings.h"

namespace invar::components::discovery_file {
namespace {

using component::Target;
using component::TargetGroup;

// Aliases of aliases of aliases grow without end: so many merged maps a file may have, and so deep.
constexpr int kMostMerges = 100'000;
constexpr int kDeepestMerge = 16;

struct Merges {
  int count = 0;
  int depth = 0;
};

Error at(const YAML::Node& node, const std::string& message) {
  const YAML::Mark mark = node.Mark();
  return Error{ErrorCode::kInvalidArgument,
               mark.is_null() ? message : "line " + std::to_string(mark.line + 1) + ": " + message};
}

Result<std::string> read_text(const YAML::Node& node, const char* what) {
  if (node.IsNull()) return std::string();
  if (!node.IsScalar()) return std::unexpected(at(node, std::string(what) + " must be a text"));
  return node.Scalar();
}

Result<> read_labels(const YAML::Node& node, Target::Map& labels, Merges& merges);

Result<> merge_labels(const YAML::Node& node, Target::Map& labels, Merges& merges) {
  if (++merges.count > kMostMerges || merges.depth == kDeepestMerge) {
    return std::unexpected(at(node, "too many merged labels"));
  }
  ++merges.depth;
  auto result = read_labels(node, labels, merges);
  --merges.depth;
  return result;
}

Result<> read_labels(const YAML::Node& node, Target::Map& labels, Merges& merges) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) return std::unexpected(at(node, "labels must be a map"));
  std::set<std::string> seen;
  Target::Map merged;
  for (const auto& field : node) {
    INVAR_ASSIGN_OR_RETURN(const std::string name, read_text(field.first, "a label name"));
    if (!seen.insert(name).second)
      return std::unexpected(at(field.first, "label " + quote(name) + " is repeated"));
    if (name == "<<" && !field.second.IsScalar()) {
      if (field.second.IsSequence()) {  // earlier maps win
        for (auto map = field.second.size(); map-- > 0;)
          INVAR_TRY(merge_labels(field.second[map], merged, merges));
      } else {
        INVAR_TRY(merge_labels(field.second, merged, merges));
      }
    }
  }
  for (auto& [name, value] : merged) labels[name] = value;
  for (const auto& field : node) {
    INVAR_ASSIGN_OR_RETURN(std::string name, read_text(field.first, "a label name"));
    if (name == "<<" && !field.second.IsScalar()) continue;
    if (name.empty() || !valid_utf8(name)) {
      return std::unexpected(at(field.first, quote(name) + " is not a valid label name"));
    }
    INVAR_ASSIGN_OR_RETURN(labels[name], read_text(field.second, "a label value"));
  }
  return {};
}

Result<TargetGroup> read_group(const YAML::Node& node, Merges& merges) {
  if (node.IsNull()) return fail(ErrorCode::kInvalidArgument, "nil target group item found");
  if (!node.IsMap()) return std::unexpected(at(node, "a target group must be a map"));
  TargetGroup group;
  std::set<std::string> seen;
  for (const auto& field : node) {
    INVAR_ASSIGN_OR_RETURN(const std::string key, read_text(field.first, "a field name"));
    if (!seen.insert(key).second)
      return std::unexpected(at(field.first, "field " + quote(key) + " is repeated"));
    if (key == "targets") {
      if (field.second.IsNull()) continue;
      if (!field.second.IsSequence()) return std::unexpected(at(field.second, "targets must be a list"));
      for (const auto& address : field.second) {
        INVAR_ASSIGN_OR_RETURN(std::string text, read_text(address, "a target"));
        group.addresses.push_back(std::move(text));
      }
    } else if (key == "labels") {
      INVAR_TRY(read_labels(field.second, group.labels, merges));
    } else {
      return std::unexpected(at(field.first, "unknown field " + quote(key)));
    }
  }
  return group;
}

Result<std::vector<TargetGroup>> parse_yaml(std::string_view text) {
  std::vector<TargetGroup> groups;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsDefined() || root.IsNull()) return groups;
    if (!root.IsSequence()) return std::unexpected(at(root, "target groups must be a list"));
    Merges merges;
    for (const auto& node : root) {
      INVAR_ASSIGN_OR_RETURN(TargetGroup group, read_group(node, merges));
      groups.push_back(std::move(group));
    }
  } catch (const YAML::Exception& e) {
    const std::string place = e.mark.is_null() ? "" : "line " + std::to_string(e.mark.line + 1) + ": ";
    return fail(ErrorCode::kInvalidArgument, place + e.msg);
  }
  return groups;
}

}  // namespace

std::optional<Format> file_format(std::string_view path) {
  const std::string lower = to_lower_ascii(path);
  if (lower.ends_with(".json")) return Format::kJson;
  if (lower.ends_with(".yml") || lower.ends_with(".yaml")) return Format::kYaml;
  return std::nullopt;
}

Result<std::vector<TargetGroup>> parse_target_file(std::string_view text, Format format) {
  return format == Format::kJson ? component::parse_target_groups_json(text) : parse_yaml(text);
}

}  // namespace invar::components::discovery_file
