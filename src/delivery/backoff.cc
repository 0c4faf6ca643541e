#include "delivery/backoff.h"

#include <algorithm>

namespace invar::delivery {
namespace {

Duration doubled(Duration d, Duration max) {
  return d > max / 2 ? max : std::min(2 * d, max);
}

}  // namespace

Duration Backoff::next(const BackoffSettings& settings, std::uint64_t random) {
  if (drawn_ == 0) {
    low_ = settings.min;
    high_ = doubled(settings.min, settings.max);
  }
  ++drawn_;
  Duration wait = low_;
  if (low_ < high_)
    wait += Duration(static_cast<std::int64_t>(random % static_cast<std::uint64_t>((high_ - low_).count())));
  if (high_ < settings.max) {
    low_ = doubled(low_, settings.max);
    high_ = doubled(high_, settings.max);
  }
  return wait;
}

}  // namespace invar::delivery
