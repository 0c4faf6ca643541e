// The metrics of one pyroscope.java.   Threads: loop thread.   Source: pyroscope-java.md 9.
#pragma once

#include <string_view>

#include "components/pyroscope/java/conversions.h"
#include "metrics/metrics.h"

namespace invar::components::pyroscope_java {

class JavaMetrics {
 public:
  explicit JavaMetrics(metrics::Scope& scope);
  void count_round(std::string_view result);  // "success", or why not
  void count_events(const Converted& converted);
  void count_profile(std::string_view type);
  void count_samples(std::string_view type, std::uint64_t samples);

  metrics::Histogram& attach_seconds;
  metrics::Counter& recording_bytes;
  metrics::Counter& refused;
  metrics::Counter& unprofiled_seconds;

 private:
  metrics::Scope& scope_;
};

}  // namespace invar::components::pyroscope_java
