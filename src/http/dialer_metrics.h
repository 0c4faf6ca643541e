// What is counted about a client's connections, under the names that Prometheus users know (net_conntrack_dialer_*).
// Every attempt ends as established or failed; every established connection ends as closed.
// All counters are null without a metrics scope; the methods then count nothing.
#pragma once

#include <array>
#include <string>

#include "metrics/metrics.h"

namespace invar::http {

// The label `reason`. A connection that was given up before it stood counts as a time-out.
enum class DialFailure { kResolution, kRefused, kTimeout, kUnknown };

class DialerMetrics {
 public:
  static DialerMetrics create(metrics::Scope* scope, const std::string& dialer_name);

  void attempt() const { count(attempted_); }
  void established() const { count(established_); }
  void failure(DialFailure reason) const { count(failed_[static_cast<std::size_t>(reason)]); }
  void closed() const { count(closed_); }
  void reuse() const { count(reused_); }

 private:
  static void count(metrics::Counter* counter) {
    if (counter) counter->add();
  }

  metrics::Counter* attempted_ = nullptr;
  metrics::Counter* established_ = nullptr;
  metrics::Counter* closed_ = nullptr;
  metrics::Counter* reused_ = nullptr;
  std::array<metrics::Counter*, 4> failed_{};
};

}  // namespace invar::http
