// Refresher: runs a discoverer's refresh at once and then at every interval, and exports what it finds.
// A failed refresh leaves the targets as they are. It is logged when its reason changes, not each time.
// Threads: loop thread only. Lifetime: the refresh function is forgotten by run() and stop(); its late
// answers are ignored. Metrics: prometheus_sd_refresh_failures_total, prometheus_sd_refresh_duration_seconds,
// ..._histogram_seconds. Spec:    discovery.md 2.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "component/component.h"
#include "component/target_exporter.h"

namespace invar::component {

class Refresher {
 public:
  using Done = std::move_only_function<void(Result<Targets>)>;
  using Refresh = std::function<void(Done)>;  // answers later or at once, once

  // `mechanism`: the metrics' label, "http".
  Refresher(const Options& options, std::string mechanism);

  void run(Duration interval, Refresh refresh);
  void stop();

  [[nodiscard]] Health health() const { return health_; }
  // last_refresh, targets and, after a failure, last_error.
  [[nodiscard]] BodyValue debug_info() const;

 private:
  void tick();
  void finish(async::TimePoint started, Result<Targets> result);

  async::Loop& loop_;
  log::Logger logger_;
  metrics::Counter& failures_;
  metrics::Histogram& duration_;
  metrics::Histogram& duration_by_mechanism_;

  TargetExporter exporter_;
  Refresh refresh_;
  Duration interval_{};
  async::TimePoint next_{};
  std::uint64_t run_ = 0;  // answers of earlier runs are ignored
  bool busy_ = false;
  std::string last_error_;
  UnixNanos last_success_unix_ns_ = 0;
  Health health_;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::component
