// The metrics of one pyroscope.scrape component. Series are made per profile type when the type is first
// seen, and per target only with per_target_metrics. Bounds: kMaxTypes types have series of their own, since
// their names may come from targets; "other" is the rest. Threads: loop thread. Spec: pyroscope-scrape.md 14;
// decision 8.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "components/pyroscope/scrape/process.h"
#include "metrics/metrics.h"

namespace invar::components::pyroscope_scrape {

// Series of one profile type (and, if asked for, of one target).
class TypeMetrics {
 public:
  TypeMetrics(metrics::Scope& scope, metrics::LabelPairs labels);
  void count_failure(std::string_view reason);
  void count_events(const DeltaEvents& events);

  metrics::Counter& successes;
  metrics::Histogram& duration_seconds;
  metrics::Histogram& body_bytes;
  metrics::Histogram& delta_seconds;
  metrics::Counter& missed_ticks;
  metrics::Counter& empty;
  metrics::Counter& evictions;

 private:
  metrics::Counter &restarts_, &dips_, &clock_back_, &unknown_;

  metrics::Scope& scope_;
  const metrics::LabelPairs labels_;
  std::map<std::string, metrics::Counter*, std::less<>> failures_;  // by reason
};

class ScrapeMetrics {
 public:
  static constexpr std::size_t kMaxTypes = 200;

  explicit ScrapeMetrics(metrics::Scope& scope);
  TypeMetrics& of_type(std::string_view profile);

  metrics::Gauge& baseline_bytes;

 private:
  metrics::Scope& scope_;
  std::map<std::string, std::unique_ptr<TypeMetrics>, std::less<>> types_;
};

}  // namespace invar::components::pyroscope_scrape
