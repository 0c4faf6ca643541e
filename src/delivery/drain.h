// Drain: how an endpoint ends. Pure; threads: any.
//
//   rest          ends when                                                               what is left then
//   kGiveUp       everything is delivered, or the time is over                            is dropped
//   kLeaveOnDisk  as above; or all is on disk, and no time was given or no push helps      stays on disk
#pragma once

#include <algorithm>

#include "base/time.h"
#include "delivery/outcome.h"

namespace invar::delivery {

class Drain {
 public:
  enum class Rest { kGiveUp, kLeaveOnDisk };
  static constexpr Duration kSaveGrace = std::chrono::milliseconds(300);  // for the disk, after the last push

  Drain(Rest rest, Duration within) : rest_(rest), within_(within) {}

  // It is over then in any case; zero: at once.
  [[nodiscard]] Duration longest() const {
    return rest_ == Rest::kLeaveOnDisk ? std::max(within_, kSaveGrace) : within_;
  }
  [[nodiscard]] bool leaves_on_disk() const { return rest_ == Rest::kLeaveOnDisk; }
  [[nodiscard]] End end_of_rest() const { return leaves_on_disk() ? End::kLeft : End::kDropped; }

  struct State {
    bool delivered = false;     // nothing waits, nothing is in flight
    bool server_takes = false;  // a push may still help
    bool all_stored = false;    // on disk
  };
  [[nodiscard]] bool over(const State& now) const {
    const bool useless = within_ <= Duration::zero() || !now.server_takes;
    return now.delivered || (leaves_on_disk() && useless && now.all_stored);
  }

 private:
  Rest rest_;
  Duration within_;
};

}  // namespace invar::delivery
