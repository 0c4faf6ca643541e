// What the profile pages show, as JSON, made from picked profiles: flame graph, functions, files of other tools.
// Threads: any but the loop's (they take as long as the profiles are large); pure but for reading archives. Source: web-api.md 4.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pprof/merged_profile.h"
#include "webapi/profile_choice.h"
#include "webapi/releases.h"

namespace invar::webapi {

inline constexpr std::size_t kMostMerged = 2000;
inline constexpr std::size_t kMostNodes = 100'000;

using ReadBody = std::function<Result<std::string>(const PickedProfile&)>;

struct Merged {
  pprof::MergedProfile profile;
  std::vector<std::uint64_t> counts;  // by side
  std::uint64_t left_out = 0;
  UnixNanos first_unix_ns = 0, last_unix_ns = 0;
};
// One side, or two: before and after. Errors: nothing was picked; profiles of several kinds.
std::expected<Merged, ApiError> merge(const std::vector<Picked>& sides, const ReadBody& read);

std::string tree_json(const Merged& merged, std::size_t most_nodes);

struct TopQuery {
  std::string sample_type;
  std::size_t sort = 0;  // -self, -total, -change, change, name
  std::size_t offset = 0, limit = 100;
};
Made top_json(const Merged& merged, const TopQuery& query);

std::string list_json(const Picked& picked, std::size_t offset, std::size_t limit);

struct Totals {  // of one profile
  std::vector<pprof::SampleType> types;
  std::vector<std::int64_t> values;
  Build build;
};
Totals totals_of(std::string_view body);  // empty when it cannot be read

}  // namespace invar::webapi
