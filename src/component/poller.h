// PolledDiscoverer: a discoverer that asks for everything at once and then at every interval. A refresh under way is waited for,
// not joined by a second one; soon() asks out of turn, for kinds that are told of changes.
// Metrics: prometheus_sd_refresh_failures_total, prometheus_sd_refresh_duration_seconds, ..._histogram_seconds.
// Threads: loop thread only. Spec: discovery.md 2.
#pragma once

#include <functional>
#include <string>

#include "component/discovery.h"

namespace invar::component {

class PolledDiscoverer : public Discoverer {
 public:
  using Done = std::move_only_function<void(Result<Groups>)>;  // once, now or later

  // `mechanism`: the metrics' label, "http".
  PolledDiscoverer(const Options& options, const std::string& mechanism, Duration interval);

  void start(GroupSink& sink) final;

 protected:
  virtual void refresh(Done done) = 0;
  void soon();  // refreshes now, or once more after the refresh under way
  [[nodiscard]] GroupSink& sink() { return *sink_; }  // from start() on

 private:
  void tick();
  void ask();
  void finish(async::TimePoint started, Result<Groups> result);

  async::Loop& loop_;
  metrics::Counter& failures_;
  metrics::Histogram& duration_;
  metrics::Histogram& duration_by_mechanism_;

  Duration interval_;
  GroupSink* sink_ = nullptr;
  async::TimePoint next_{};
  bool busy_ = false;
  bool again_ = false;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::component
