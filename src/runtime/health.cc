#include "runtime/health.h"

#include <vector>

namespace invar::runtime {

using component::Health;
using component::HealthState;

HealthParts::HealthParts(UnixNanos now)
    : run_{HealthState::kUnknown, "component created", now}, evaluation_(run_) {}

void HealthParts::evaluated(UnixNanos now) {
  evaluation_ = {HealthState::kHealthy, "component evaluated", now};
}

void HealthParts::evaluation_failed(const std::string& why, UnixNanos now) {
  evaluation_ = {HealthState::kUnhealthy, "component evaluation failed: " + why, now};
}

void HealthParts::started(UnixNanos now) {
  run_ = {HealthState::kHealthy, "started component", now};
}

void HealthParts::stopped(const std::optional<Error>& error, UnixNanos now) {
  run_ = {HealthState::kExited,
          error ? "component shut down with error: " + error->message : "component shut down cleanly", now};
}

Health HealthParts::combined(const std::optional<Health>& own) const {
  std::vector<Health> parts{run_, evaluation_};
  if (own) parts.push_back(*own);
  return component::combine(parts);
}

}  // namespace invar::runtime
