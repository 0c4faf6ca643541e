#include "runtime/health.h"

#include <vector>

namespace invar::runtime {

using component::Health;
using component::HealthState;

HealthParts::HealthParts(UnixNanos now, const HealthWords& words)
    : words_(&words),
      run_{HealthState::kUnknown, std::string(words.created) + " created", now},
      evaluation_(run_) {}

void HealthParts::evaluated(UnixNanos now) {
  evaluation_ = {HealthState::kHealthy, std::string(words_->evaluated) + " evaluated", now};
}

void HealthParts::evaluation_failed(const std::string& why, UnixNanos now) {
  evaluation_ = {HealthState::kUnhealthy, std::string(words_->evaluated) + " evaluation failed: " + why, now};
}

void HealthParts::started(UnixNanos now) {
  run_ = {HealthState::kHealthy, std::string("started ") + words_->started, now};
}

void HealthParts::stopped(const std::optional<Error>& error, UnixNanos now) {
  const std::string who = words_->stopped;
  run_ = {HealthState::kExited,
          error ? who + " shut down with error: " + error->message : who + " shut down cleanly", now};
}

Health HealthParts::combined(const std::optional<Health>& own) const {
  std::vector<Health> parts{run_, evaluation_};
  if (own) parts.push_back(*own);
  return component::combine(parts);
}

}  // namespace invar::runtime
