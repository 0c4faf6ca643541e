// summarize(): which events a recording holds, as `jfr summary` of a JDK tells it.
// Errors:  as next_chunk() for the first chunk.   Threads: any; pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "jfr/report.h"

namespace invar::jfr {

struct EventSum {
  std::uint64_t count = 0, bytes = 0;
  bool operator==(const EventSum&) const = default;
};

struct Summary {
  UnixNanos start_unix_ns = 0;
  std::int64_t duration_ns = 0;            // of all chunks, first start to last end
  std::map<std::string, EventSum> events;  // by name; "jdk.Metadata" and "jdk.CheckPoint", too
  Report report;
};

Result<Summary> summarize(std::string_view recording);

}  // namespace invar::jfr
