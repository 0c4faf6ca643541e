// to_pprof(): a JFR recording as pprof profiles, one for each kind of event in it (profile_kind.h, pyroscope-java.md 8).
// Cost:    one pass for what a chunk is made of and one over its events; memory grows with what differs, not with events.
// Errors:  kInvalidArgument and kUnsupported as next_chunk() for the first chunk; what is wrong behind it is left out and
//          counted in the report.
// Threads: any; pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "jfr/labels_snapshot.h"
#include "jfr/profile_kind.h"
#include "jfr/report.h"

namespace invar::jfr {

struct ConvertOptions {
  std::int64_t sample_interval_ns = 10'000'000;  // where the recording does not say it
  const LabelsSnapshot* labels = nullptr;        // with it samples of different contexts stay apart
  bool thread_labels = false;                    // a label `thread` for every sample
  bool native_locks = false;                     // a profile `native_lock`
  bool live_bytes = false;                       // a second type for live objects
  bool span_labels = false;                      // a label `span_name` for samples in a profiler.Span
};

struct ConvertedProfile {
  std::string name;  // `__name__`; two may have the same, with different sample types
  std::string body;  // pprof, not compressed
  std::uint64_t samples = 0;
};

struct Conversion {
  std::vector<ConvertedProfile> profiles;
  std::string event;  // async-profiler's setting; empty when not said
  UnixNanos start_unix_ns = 0;
  std::int64_t duration_ns = 0;
  std::array<std::uint64_t, kEventKinds> events{};  // that were read, by kind
  Report report;
};

Result<Conversion> to_pprof(std::string_view recording, const ConvertOptions& options);

}  // namespace invar::jfr
