#include "async/loop.h"

namespace invar::async {

void Timer::arm_at(TimePoint when, Task task) {
  cancel();
  if (!state_) state_ = std::make_shared<Loop::TimerId>(0);
  *state_ = loop_->schedule_at(when, [state = state_, task = std::move(task)]() mutable {
    *state = 0;
    task();
  });
}

void Timer::arm_after(Duration delay, Task task) {
  arm_at(loop_->now() + std::chrono::duration_cast<TimePoint::duration>(delay), std::move(task));
}

void Timer::cancel() {
  if (armed()) loop_->cancel(std::exchange(*state_, 0));
}

}  // namespace invar::async
