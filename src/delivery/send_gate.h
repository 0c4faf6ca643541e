// SendGate: what may be sent now. Window, trouble and hold of one endpoint.
//
//   flowing ──2nd failed round──▶ probing ──success, refusal──▶ flowing
//   any     ──hold──────────────▶ probing, behind pauses of its own that double to kMaxHoldPause, until a success
//
// Flowing, as many pushes as the Window bears are in flight. Probing, one at a time goes out behind a gate that stays closed longer
// with every failed round, so an outage costs few profiles their attempts. A round is all that was under way together: it counts once.
// A Retry-After closes the gate in either state.
// Pure: pushes are known by their running number; time and randomness are parameters. Source: pyroscope-write.md 5, 11; decision 17.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "async/loop.h"
#include "delivery/backoff.h"
#include "delivery/window.h"

namespace invar::delivery {

class SendGate {
 public:
  using Random = std::function<std::uint64_t()>;
  static constexpr Duration kMaxProbePause = std::chrono::seconds(15);
  static constexpr Duration kMaxHoldPause = std::chrono::minutes(1);

  // How many may be in flight.
  [[nodiscard]] std::size_t limit() const { return probing() ? 1 : window_.limit(); }
  [[nodiscard]] bool probing() const { return failed_rounds_ >= 2; }
  [[nodiscard]] bool closed(async::TimePoint now) const { return closed_until_ > now; }
  [[nodiscard]] async::TimePoint closed_until() const { return closed_until_; }

  void on_success();
  void on_refusal() { failed_rounds_ = 0; }  // the server is there and judges the bytes: that is no trouble
  // `flight` failed; `last_flight` is the newest number given out.
  void on_trouble(std::uint64_t flight, std::uint64_t last_flight, async::TimePoint now,
                  const BackoffSettings& backoff);
  void on_retry_after(async::TimePoint now, Duration wait);
  void on_hold(std::uint64_t flight, std::uint64_t last_flight, async::TimePoint now,
               const BackoffSettings& backoff, const Random& random);
  void reopen();  // settings have changed: what was wrong may be mended

 private:
  Window window_;
  std::uint64_t failed_rounds_ = 0;  // since the last success or refusal
  async::TimePoint closed_until_{};
  bool held_ = false;
  Backoff hold_pauses_;
  std::uint64_t hold_round_end_ = 0;  // pushes up to here were under way when the last hold came
};

}  // namespace invar::delivery
