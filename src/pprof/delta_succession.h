// What stays beside the next baseline of a series: after a restart the old one for some profiles, and with several processes
// those of the others. Pure. Spec: pyroscope-scrape.md 13.
#pragma once

#include <optional>

#include "pprof/delta_state.h"

namespace invar::pprof {

// Of a series whose last baseline is `previous`, when the next profile was settled by `choice`. Nothing: there is no room for
// a baseline of this profile.
std::optional<DeltaState::Beside> beside_next(const DeltaStatePtr& previous, const Choice& choice);

// `previous` once more, one profile older: what a profile leaves behind for which there was no room.
DeltaStatePtr one_profile_older(const DeltaState& previous);

}  // namespace invar::pprof
