#include "component/refresher.h"

namespace invar::component {
namespace {

const std::vector<double> kSeconds = {0.01, 0.1, 1, 10};

}  // namespace

Refresher::Refresher(const Options& options, std::string mechanism)
    : loop_(*options.loop),
      logger_(options.logger),
      failures_(options.metrics->counter("prometheus_sd_refresh_failures_total",
                                         "Number of refresh failures for the given SD mechanism.",
                                         {{"mechanism", mechanism}, {"config", ""}})),
      duration_(options.metrics->histogram("prometheus_sd_refresh_duration_seconds",
                                           "The duration of a refresh in seconds for the given SD mechanism.",
                                           kSeconds, {{"mechanism", mechanism}, {"config", ""}})),
      duration_by_mechanism_(options.metrics->histogram(
          "prometheus_sd_refresh_duration_histogram_seconds",
          "The duration of a refresh for the given SD mechanism.", kSeconds, {{"mechanism", mechanism}})),
      exporter_(loop_,
                [publish = options.set_exports](const Targets& targets) {
                  publish(Boxed::of(target_exports_schema(), TargetExports{targets}));
                }),
      timer_(loop_) {}

void Refresher::run(Duration interval, Refresh refresh) {
  stop();
  interval_ = interval;
  refresh_ = std::move(refresh);
  exporter_.expect_first();
  next_ = loop_.now();
  tick();
}

void Refresher::stop() {
  ++run_;
  busy_ = false;
  timer_.cancel();
  exporter_.flush();
}

void Refresher::tick() {
  const auto now = loop_.now();
  while (next_ <= now) next_ += std::chrono::duration_cast<async::TimePoint::duration>(interval_);
  timer_.arm_at(next_, [this] { tick(); });
  if (busy_) return;
  busy_ = true;
  refresh_(alive_.bind([this, now, run = run_](Result<Targets> result) {
    if (run == run_) finish(now, std::move(result));
  }));
}

void Refresher::finish(async::TimePoint started, Result<Targets> result) {
  busy_ = false;
  const double seconds = std::chrono::duration<double>(loop_.now() - started).count();
  duration_.observe(seconds);
  duration_by_mechanism_.observe(seconds);
  if (!result) {
    failures_.add();
    const std::string& error = result.error().message;
    if (error != last_error_) logger_.error("Unable to refresh target groups", {{"err", error}});
    last_error_ = error;
    // Old targets still serve; without any the component does not do its work.
    const bool serving = last_success_unix_ns_ != 0;
    health_ = {serving ? HealthState::kHealthy : HealthState::kUnhealthy,
               (serving ? "still using the targets of " + format_rfc3339(last_success_unix_ns_) +
                              ": refresh failed: "
                        : std::string("no targets yet: refresh failed: ")) +
                   error,
               loop_.unix_ns()};
    return;
  }
  if (!last_error_.empty()) logger_.info("refreshing target groups works again");
  last_error_.clear();
  last_success_unix_ns_ = loop_.unix_ns();
  health_ = {HealthState::kHealthy, "found " + std::to_string(result->size()) + " targets",
             last_success_unix_ns_};
  exporter_.set(std::move(*result));
}

BodyValue Refresher::debug_info() const {
  BodyValue info;
  info.attribute("targets", static_cast<std::uint64_t>(exporter_.size()));
  if (last_success_unix_ns_ != 0) info.attribute("last_refresh", format_rfc3339(last_success_unix_ns_));
  if (!last_error_.empty()) info.attribute("last_error", last_error_);
  return info;
}

}  // namespace invar::component
