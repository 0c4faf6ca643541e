// Settings: what a recording says of itself that profiles need, from its jdk.ActiveSetting events.
// Threads: pure.   Source: pyroscope-java.md 8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar::jfr {

struct Settings {
  std::string event;                     // async-profiler's `event`: "itimer", "wall" ...
  std::int64_t execution_interval = 0;   // ns; 0: not said
  std::int64_t wall_interval = 0;        // ns
  std::int64_t allocation_interval = 0;  // bytes
  std::int64_t malloc_interval = 0;      // bytes

  // `of_execution`: the setting is one of jdk.ExecutionSample.
  void note(std::string_view name, std::string_view value, bool of_execution);
};

// "10000000", "20 ms", "1 s" in nanoseconds; 0 for what is no time above 0 ("everyChunk").
std::int64_t interval_ns(std::string_view text);

}  // namespace invar::jfr
