// Backoff: the waits between the attempts of one push. Pure; randomness is a parameter.
// First wait in [min, min(2*min, max)); each bound doubles up to max; where they meet the wait is exact.
// Source: pyroscope-write.md 5.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace invar::delivery {

struct BackoffSettings {
  Duration min = std::chrono::milliseconds(500);
  Duration max = std::chrono::minutes(5);
  std::int64_t max_retries = 10;  // counts attempts: 10 gives nine waits; 0 = for ever; below 0 = one attempt
  bool operator==(const BackoffSettings&) const = default;
};

class Backoff {
 public:
  // Draws the next wait. `random`: uniform over all 64 bits.
  Duration next(const BackoffSettings& settings, std::uint64_t random);
  // Whether the attempts made so far (waits drawn) are all there may be.
  [[nodiscard]] bool exhausted(const BackoffSettings& settings) const {
    return settings.max_retries != 0 && drawn_ >= settings.max_retries;
  }
  [[nodiscard]] std::int64_t drawn() const { return drawn_; }
  void reset() { *this = {}; }

 private:
  Duration low_{-1}, high_{-1};
  std::int64_t drawn_ = 0;
};

}  // namespace invar::delivery
