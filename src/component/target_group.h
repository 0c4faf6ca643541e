// Target groups: how service discovery hands over targets. Every target of a group has the group's labels,
// overridden by its own. parse_target_groups_json() reads the list that discovery.http fetches and
// discovery.file finds in .json files:
//   [{"targets": ["host:port"], "labels": {"k": "v"}}]
// Limits: linear time; the caller bounds the size. Errors: kInvalidArgument, saying what is wrong and where.
// Threads: any; pure. Spec: discovery.md 2, 3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "component/target.h"

namespace invar::component {

struct TargetGroup {
  Target::Map labels;
  std::vector<std::string> addresses;  // each is the `__address__` of one target
  bool operator==(const TargetGroup&) const = default;
};

Result<std::vector<TargetGroup>> parse_target_groups_json(std::string_view text);

// The group's targets, in order, appended to `out`.
void append_targets(const TargetGroup& group, Targets& out);

}  // namespace invar::component
