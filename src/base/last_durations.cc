#include "base/last_durations.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace invar {

void LastDurations::add(Duration duration) {
  const auto kept = std::clamp<Duration>(duration, Duration::zero(), std::chrono::hours(1));
  microseconds_[added_++ % kKept] =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(kept).count());
}

Duration LastDurations::at(double share) const {
  auto sorted = microseconds_;
  const std::size_t count = std::min(added_, kKept);
  const auto wanted = static_cast<std::size_t>(std::ceil(share * static_cast<double>(count)));
  const auto place =
      sorted.begin() + static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(wanted, 1, count) - 1);
  std::nth_element(sorted.begin(), place, sorted.begin() + static_cast<std::ptrdiff_t>(count));
  return std::chrono::microseconds(*place);
}

}  // namespace invar
