// Bodies that are a known format, but no pprof profile: which one, and what to change. For the words of an error only: nothing
// is read on from here. Pure. Spec: pyroscope-scrape.md 11.
#pragma once

#include <string_view>

namespace invar::pprof {

// `body`: uncompressed. A sentence without a full stop, as in "this is a recording of the Java Flight Recorder: ...";
// "" when the format is none of those known.
std::string_view foreign_format(std::string_view body);

}  // namespace invar::pprof
