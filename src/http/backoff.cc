#include "http/backoff.h"

#include <algorithm>

namespace invar::http {

Duration backoff(int failures, double random, Duration asked) {
  constexpr Duration kFirst = std::chrono::milliseconds(200);
  constexpr Duration kMost = std::chrono::seconds(30);
  constexpr int kDoublings = 8;
  const Duration whole = std::min(kMost, kFirst * (1 << std::clamp(failures - 1, 0, kDoublings)));
  const auto jittered =
      Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * (1 - random / 2)));
  return std::max(jittered, std::min(asked, kMost * 2));
}

}  // namespace invar::http
