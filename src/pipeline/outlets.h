// Outlets: the receivers of one `forward_to`, with the fan-out metrics: pyroscope_fanout_latency (until all have answered) and
// pyroscope_forwarded_entries_total (pushed profiles that every receiver took). What they answer is shown to the tap.
// Threads: loop thread only. Lifetime: `scope` and `loop` outlive it; an answer that comes later is still passed on.
// Source:  pyroscope-scrape.md 14.
#pragma once

#include <vector>

#include "async/loop.h"
#include "metrics/metrics.h"
#include "pipeline/profile.h"
#include "pipeline/tap.h"

namespace invar::pipeline {

class Outlets {
 public:
  Outlets(metrics::Scope& scope, const async::Loop& loop, Tap tap);
  void set(std::vector<ReceiverPtr> receivers) { receivers_ = std::move(receivers); }
  Answer offer(const ProfilePtr& profile);                // fan_out()
  void offer_kept(const ProfilePtr& profile, Kept kept);  // fan_out_kept()

 private:
  void answered(BodyKind kind, const Answer& answer, async::TimePoint began);

  const async::Loop& loop_;
  const Tap tap_;
  std::vector<ReceiverPtr> receivers_;
  metrics::Histogram& latency_;
  metrics::Counter& forwarded_;
  async::Alive alive_;
};

}  // namespace invar::pipeline
