// BaselineStore: the delta baselines of one component on disk, so that a restart costs no interval.
// Shape:   one file, DIR/baselines: "INVARBL2", then a record per loop: u64 identity | u64 good until |
//          u32 name length | u32 state length | name | state | u64 XXH3 of all of it. Integers little-endian.
// Exact:   a baseline is of use only while no later delta can have been sent. Written at stop it is good for
//          ever; written in between, until the loop's next scrape. Loading removes the file for the same reason.
// Errors:  a damaged record is left out; what follows a broken length is given up. Threads: both calls block,
//          disk pool only. Bounds: at most kMaxBaselineBytes are written, in the order given; one record in memory.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/time.h"
#include "fs/filesystem.h"
#include "pprof/delta.h"

namespace invar::components::pyroscope_scrape {

struct Baseline {
  std::uint64_t identity = 0;
  std::string name;
  pprof::DeltaStatePtr state;
  UnixNanos good_until_unix_ns = std::numeric_limits<UnixNanos>::max();
};

struct LoadedBaselines {
  std::vector<Baseline> baselines;
  std::string problem;  // "" when the file was whole, or absent
};

inline constexpr std::uint64_t kMaxBaselineBytes = std::uint64_t{256} << 20;

Result<> save_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                 const std::vector<Baseline>& baselines);
LoadedBaselines load_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                        UnixNanos now_unix_ns);

}  // namespace invar::components::pyroscope_scrape
