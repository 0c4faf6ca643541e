// Window: how many pushes an endpoint may have in flight. Additive increase on success, halved on congestion
// (429, 5xx, timeouts, refused connections), at most once for the requests that were under way together.
// A server acknowledges a push after it has stored it (0.3 to 1 s), so throughput needs many in flight.
// Pure; loop time is a parameter.
#pragma once

#include <algorithm>

#include "async/loop.h"

namespace invar::components::pyroscope_write {

class Window {
 public:
  static constexpr double kStart = 8, kMax = 32;

  [[nodiscard]] std::size_t limit() const { return static_cast<std::size_t>(size_); }
  void on_success() { size_ = std::min(kMax, size_ + 1 / size_); }
  void on_congestion(async::TimePoint sent_at, async::TimePoint now) {
    if (sent_at <= shrunk_at_) return;
    size_ = std::max(1.0, size_ / 2);
    shrunk_at_ = now;
  }

 private:
  double size_ = kStart;
  async::TimePoint shrunk_at_{};
};

}  // namespace invar::components::pyroscope_write
