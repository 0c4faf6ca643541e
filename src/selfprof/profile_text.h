// A profile of Invar itself as text for people, in the form of Go's `?debug=1`: a sample with its numbers and
// addresses, then a line per frame, inlined ones included.
// Pure; threads: any.
#pragma once

#include <string>

#include "pprof/profile.h"

namespace invar::selfprof {

// The profiles of profile_builder.h but that of the CPU.
std::string profile_text(const pprof::Profile& profile);

}  // namespace invar::selfprof
