// The controller's own metrics: of one module's graph, and of the configuration as it was read. Spec:
// runtime.md 15. Names follow the documented ones with `invar_` in front. Threads: loop thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "component/component.h"
#include "metrics/metrics.h"

namespace invar::runtime {

class ModuleMetrics {
 public:
  struct Snapshot {
    std::map<component::HealthState, std::size_t> components;
    std::vector<std::pair<std::string, std::string>> connections;  // data flow: from, to
  };
  // `look` is called when the metrics are read.
  ModuleMetrics(metrics::Registry& registry, const std::string& module_path, const std::string& module_id,
                std::function<Snapshot()> look);

  void set_evaluating(bool evaluating) { evaluating_->set(evaluating ? 1 : 0); }
  void set_queue_size(std::size_t size) { queue_size_->set(static_cast<double>(size)); }
  // One dependant was evaluated, so long after the change that made it necessary.
  void observe_evaluation(const std::string& component_id, Duration waited, Duration took);

 private:
  std::unique_ptr<metrics::Scope> scope_;
  metrics::Gauge* evaluating_;
  metrics::Gauge* queue_size_;
  metrics::Histogram* evaluation_seconds_;
  metrics::Histogram* wait_seconds_;
};

class ConfigMetrics {
 public:
  explicit ConfigMetrics(metrics::Registry& registry);
  // `hash`: of the sources as last read, applied or not; empty when they could not be read.
  void note_sources(const std::string& hash);
  void note_loaded(bool success, UnixNanos now);

 private:
  std::unique_ptr<metrics::Scope> scope_, hash_scope_;
  metrics::Gauge* successful_;
  metrics::Gauge* success_time_;
  metrics::Counter* failures_;
  std::string hash_;
};

}  // namespace invar::runtime
