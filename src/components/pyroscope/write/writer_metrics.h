// The metrics of pyroscope.write that are counted as things happen. Source: pyroscope-write.md 8.
#pragma once

#include <string>

#include "components/pyroscope/write/endpoint.h"
#include "metrics/metrics.h"

namespace invar::components::pyroscope_write {

inline double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

metrics::Histogram& latency_metric(metrics::Scope& scope, const std::string& endpoint, const char* type);
EndpointMetrics endpoint_metrics(metrics::Scope& scope, const std::string& shown_url);

}  // namespace invar::components::pyroscope_write
