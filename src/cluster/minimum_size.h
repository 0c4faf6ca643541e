// MinimumSize: whether there are enough nodes for work to begin. Pure; the time of its limit is kept by the caller.
//
//   waiting --enough nodes--> ready --too few--> waiting --time passed--> past the limit --enough--> ready
//
// Spec: clustering.md 3.
#pragma once

#include <cstddef>

namespace invar::cluster {

class MinimumSize {
 public:
  explicit MinimumSize(std::size_t minimum)
      : minimum_(minimum), state_(minimum == 0 ? State::kReady : State::kWaiting) {}

  enum class Then { kNothing, kStartTimer, kStopTimer };
  // So many nodes that take part, the terminating among them.
  Then see(std::size_t nodes) {
    if (nodes >= minimum_) {
      state_ = State::kReady;
      return Then::kStopTimer;
    }
    if (state_ != State::kReady) return Then::kNothing;
    state_ = State::kWaiting;
    return Then::kStartTimer;
  }
  void time_passed() {
    if (state_ == State::kWaiting) state_ = State::kPastLimit;
  }
  [[nodiscard]] bool lets_work() const { return state_ != State::kWaiting; }

 private:
  enum class State { kWaiting, kReady, kPastLimit };
  std::size_t minimum_;
  State state_;
};

}  // namespace invar::cluster
