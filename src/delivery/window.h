// Window: how many pushes an endpoint may have in flight. Additive increase on success, halved on congestion
// (429, 5xx, timeouts, refused connections), once per round: all that were under way together. After an outage it is
// back at half of what it was in a few rounds: up to there every success doubles it.
// A server acknowledges a push after it has stored it (0.3 to 1 s), so throughput needs many in flight.
// Pure; pushes are known by their running number.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace invar::delivery {

class Window {
 public:
  static constexpr double kStart = 8, kMax = 32;

  [[nodiscard]] std::size_t limit() const { return static_cast<std::size_t>(size_); }
  void on_success() {
    size_ = size_ < known_good_ ? std::min(known_good_, 2 * size_) : std::min(kMax, size_ + 1 / size_);
    succeeded_ = true;
  }
  // True when `flight` begins a new round of failures; `last_flight` is the newest number given out.
  bool on_congestion(std::uint64_t flight, std::uint64_t last_flight) {
    if (flight <= round_end_) return false;
    if (std::exchange(succeeded_, false)) known_good_ = size_ / 2;
    size_ = std::max(1.0, size_ / 2);
    round_end_ = last_flight;
    return true;
  }

 private:
  double size_ = kStart;
  double known_good_ = kStart;
  bool succeeded_ = false;
  std::uint64_t round_end_ = 0;
};

}  // namespace invar::delivery
