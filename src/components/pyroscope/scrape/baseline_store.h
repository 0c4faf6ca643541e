// BaselineStore: the delta baselines of one component on disk, so that a restart costs no interval.
// Shape:   one file, DIR/baselines: "INVARBL1", then per loop: u64 identity | u32 name length | name | u32
// state length | state.
//          Integers little-endian. Every state carries its own checksum (pprof::save_state).
// Errors:  anything damaged is left out; what follows a broken length is given up. Threads: both calls block,
// pool only. Bounds:  at most kMaxBytes are written, in the order given. Atomic: temp file and rename.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "fs/filesystem.h"
#include "pprof/delta.h"

namespace invar::components::pyroscope_scrape {

struct Baseline {
  std::uint64_t identity = 0;
  std::string name;
  pprof::DeltaStatePtr state;
};

struct LoadedBaselines {
  std::vector<Baseline> baselines;
  std::string problem;  // "" when the file was whole, or absent
};

inline constexpr std::uint64_t kMaxBaselineBytes = std::uint64_t{256} << 20;

Result<> save_baselines_blocking(fs::FileSystem& files, const std::string& directory,
                                 const std::vector<Baseline>& baselines);
LoadedBaselines load_baselines_blocking(fs::FileSystem& files, const std::string& directory);

}  // namespace invar::components::pyroscope_scrape
