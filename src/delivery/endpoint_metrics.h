// The metrics of pyroscope.write that are counted as things happen. Source: pyroscope-write.md 8.
#pragma once

#include <string>

#include "delivery/endpoint.h"
#include "metrics/metrics.h"

namespace invar::delivery {

inline double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

metrics::Histogram& latency_metric(metrics::Scope& scope, const std::string& endpoint,
                                   const std::string& type);
EndpointMetrics endpoint_metrics(metrics::Scope& scope, const std::string& shown_url);

}  // namespace invar::delivery
