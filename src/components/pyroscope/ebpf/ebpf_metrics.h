// The metrics of one pyroscope.ebpf component. Bound: kMaxServices services have series of their own, "other" is the rest.
// Threads: loop thread. Spec: ebpf.md 5.
#pragma once

#include <array>
#include <map>
#include <string>

#include "ebpf/engine.h"
#include "metrics/metrics.h"

namespace invar::components::pyroscope_ebpf {

class EbpfMetrics {
 public:
  static constexpr std::size_t kMaxServices = 500;

  explicit EbpfMetrics(metrics::Scope& scope);
  void of_service(const std::string& service, std::size_t bytes, std::uint64_t samples);
  // From the figures of an engine; one that starts anew begins at zero.
  void update(const ebpf::EngineStatus& status);

  metrics::Gauge& active_targets;
  metrics::Counter &sessions, &sessions_failing, &dropped;

 private:
  struct Service {
    metrics::Counter &profiles, &bytes, &samples;
  };
  void advance(metrics::Counter& counter, std::uint64_t& before, std::uint64_t now);
  metrics::Counter& outcome(const char* name);

  metrics::Scope& scope_;
  std::map<std::string, Service> services_;
  metrics::Gauge &processes_, &binaries_, &table_bytes_, &name_bytes_, &map_bytes_;
  metrics::Counter &bpf_seconds_, &frames_, &named_, &unnamed_, &no_process_, &no_mapping_;
  metrics::Counter &tables_, &rules_, &mappings_, &mappings_of_process_, &work_, &lost_records_;
  std::array<metrics::Counter*, ebpf::bpf::kLosses> losses_{};
  ebpf::EngineStatus last_;
};

}  // namespace invar::components::pyroscope_ebpf
