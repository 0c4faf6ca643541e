// The selected profiles as one, merged on all threads; for what shows profiles: top, tree, diff, flame, export.
#pragma once

#include <cstdint>

#include "archive_tool/selection.h"
#include "pprof/merged_profile.h"

namespace invar::archive_tool {

struct Loaded {
  pprof::MergedProfile profile;
  std::uint64_t profiles[2] = {};  // how many went into each side
  bool all_good = true;            // false: some file could not be read; it was said
};

// Errors: nothing selected; profiles of different sample types, and how to choose among them. /ingest bodies
// are left out, unless they hold what contained.h can read.
Result<Loaded> load(const Environment& environment, const Selection& selection);
// Two sides: 0 is `before`, 1 is `after`. With `normalize`, after is scaled to the totals of before.
Result<Loaded> load_diff(const Environment& environment, const Selection& before, const Selection& after,
                         bool normalize);

}  // namespace invar::archive_tool
