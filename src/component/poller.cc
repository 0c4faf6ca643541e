#include "component/poller.h"

#include <utility>

#include "component/shortest_interval.h"

namespace invar::component {
namespace {

const std::vector<double> kSeconds = {0.01, 0.1, 1, 10};

}  // namespace

PolledDiscoverer::PolledDiscoverer(const Options& options, const std::string& mechanism, Duration interval)
    : loop_(*options.loop),
      failures_(options.metrics->counter("prometheus_sd_refresh_failures_total",
                                         "Number of refresh failures for the given SD mechanism.",
                                         {{"mechanism", mechanism}, {"config", ""}})),
      duration_(options.metrics->histogram("prometheus_sd_refresh_duration_seconds",
                                           "The duration of a refresh in seconds for the given SD mechanism.",
                                           kSeconds, {{"mechanism", mechanism}, {"config", ""}})),
      duration_by_mechanism_(options.metrics->histogram(
          "prometheus_sd_refresh_duration_histogram_seconds",
          "The duration of a refresh for the given SD mechanism.", kSeconds, {{"mechanism", mechanism}})),
      interval_(usable_interval(interval, options.logger)),
      timer_(loop_) {}

void PolledDiscoverer::start(GroupSink& sink) {
  sink_ = &sink;
  next_ = loop_.now();
  tick();
}

void PolledDiscoverer::tick() {
  const auto now = loop_.now();
  while (next_ <= now) next_ += std::chrono::duration_cast<async::TimePoint::duration>(interval_);
  timer_.arm_at(next_, [this] { tick(); });
  if (!busy_) ask();
}

void PolledDiscoverer::soon() {
  if (busy_)
    again_ = true;
  else
    ask();
}

void PolledDiscoverer::ask() {
  busy_ = true;
  again_ = false;
  refresh(alive_.bind([this, now = loop_.now()](Result<Groups> result) { finish(now, std::move(result)); }));
}

void PolledDiscoverer::finish(async::TimePoint started, Result<Groups> result) {
  busy_ = false;
  const double seconds = std::chrono::duration<double>(loop_.now() - started).count();
  duration_.observe(seconds);
  duration_by_mechanism_.observe(seconds);
  if (result) {
    sink_->replace(std::move(*result));
  } else {
    failures_.add();
    sink_->failed(std::move(result).error());
  }
  if (again_) ask();
}

}  // namespace invar::component
