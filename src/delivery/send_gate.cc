#include "delivery/send_gate.h"

#include <algorithm>
#include <utility>

namespace invar::delivery {
namespace {

async::TimePoint after(async::TimePoint now, Duration wait) {
  return now + std::chrono::duration_cast<async::TimePoint::duration>(wait);
}

}  // namespace

void SendGate::on_success() {
  window_.on_success();
  if (std::exchange(held_, false) || failed_rounds_ > 0) closed_until_ = {};
  failed_rounds_ = 0;
  hold_pauses_.reset();
}

void SendGate::on_trouble(std::uint64_t flight, std::uint64_t last_flight, async::TimePoint now,
                          const BackoffSettings& backoff) {
  if (!window_.on_congestion(flight, last_flight)) return;
  ++failed_rounds_;
  if (!probing()) return;
  // Doubles with every failed round, always below the wait of the profile that failed.
  Duration pause = backoff.min;
  for (std::uint64_t i = 2; i < failed_rounds_ && pause < kMaxProbePause; ++i) pause *= 2;
  closed_until_ = std::max(closed_until_, after(now, std::min({pause, kMaxProbePause, backoff.max})));
}

void SendGate::on_retry_after(async::TimePoint now, Duration wait) {
  closed_until_ = std::max(closed_until_, after(now, wait));
}

void SendGate::on_hold(std::uint64_t flight, std::uint64_t last_flight, async::TimePoint now,
                       const BackoffSettings& backoff, const Random& random) {
  if (flight > hold_round_end_) {
    BackoffSettings pauses = backoff;
    pauses.max = std::min(pauses.max, kMaxHoldPause);
    closed_until_ = after(now, hold_pauses_.next(pauses, random()));
    hold_round_end_ = last_flight;
  }
  held_ = true;
  failed_rounds_ = std::max<std::uint64_t>(failed_rounds_, 2);
}

void SendGate::reopen() {
  closed_until_ = {};
  hold_pauses_.reset();
}

}  // namespace invar::delivery
