// ReplayState: how far a replay has come, so that the next run of the same command goes on from there.
// Shape:   a small JSON file. Files end out of order, so it has the last one up to which all are done, and those
//          behind it that are done too.
// Errors:  kDataLoss for what is no such file.   Threads: any; pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::archive_tool {

struct ReplayState {
  std::string up_to;           // path; "" at the start
  std::set<std::string> also;  // paths behind it
  Duration shift{0};           // added to the time of every profile
  std::uint64_t sent = 0;      // by all runs so far
  bool operator==(const ReplayState&) const = default;
};

std::string replay_state_json(const ReplayState& state);
Result<ReplayState> parse_replay_state(std::string_view json);

}  // namespace invar::archive_tool
