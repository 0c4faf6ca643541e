#include "component/polled_export.h"

#include <utility>

#include "component/shortest_interval.h"

namespace invar::component {

PolledExport::PolledExport(Options options, std::string_view works)
    : options_(std::move(options)), works_(works), timer_(*options_.loop) {}

Result<> PolledExport::update(const Boxed& arguments) {
  if (!arguments_.empty() && arguments == arguments_) return {};
  INVAR_ASSIGN_OR_RETURN(const Duration interval, configure(arguments));
  interval_ = usable_interval(interval, options_.logger);
  arguments_ = arguments;
  if (started_) poll();
  return {};
}

void PolledExport::start() {
  started_ = true;
  poll();
}

void PolledExport::stop(async::Task done) {
  started_ = false;
  timer_.cancel();
  drop();
  done();
}

void PolledExport::poll() {
  timer_.arm_after(interval_, [this] { poll(); });
  ask(alive_.bind([this](Result<Boxed> exports) { take(std::move(exports)); }));
}

void PolledExport::take(Result<Boxed> exports) {
  const UnixNanos now = options_.loop->unix_ns();
  if (!exports) {
    const std::string message = "polling failed: " + exports.error().message;
    if (message != health_.message)
      options_.logger.error("polling failed", {{"err", exports.error().message}});
    health_ = {HealthState::kUnhealthy, message, now};
    return;
  }
  if (health_.state == HealthState::kUnhealthy) options_.logger.info("polling works again");
  health_ = {HealthState::kHealthy, works_, now};
  options_.set_exports(*std::move(exports));
}

}  // namespace invar::component
