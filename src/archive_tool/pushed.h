// Profiles that came by /ingest and are no JFR recordings, as pprof: pprof in a form or alone (with the one before it, of which it is
// the continuation), and stacks as text, `main;serve;read 12` or one line for each sample.
// Errors:  kInvalidArgument with the place in words, kDataLoss for damaged gzip.   Threads: any; pure.
#pragma once

#include <array>
#include <string_view>

#include "archive/archive_file.h"
#include "jfr/to_pprof.h"

namespace invar::archive_tool {

enum class IngestFormat { kJfr, kPprof, kFolded, kLines, kOther };
IngestFormat ingest_format(const archive::Meta& meta);

// What the profiles may be called.
inline constexpr std::array<std::string_view, 6> kPushedNames = {"process_cpu", "memory", "mutex",
                                                                 "goroutine",   "wall",   "other"};
// `body` as it arrived, of a format that is neither kJfr nor kOther.
Result<jfr::ConvertedProfile> pushed_profile(const archive::Meta& meta, std::string_view body);

}  // namespace invar::archive_tool
