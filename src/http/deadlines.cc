#include "http/deadlines.h"

namespace invar::http {

void Deadline::arm(Deadlines& queue, async::TimePoint when) {
  disarm();
  queue_ = &queue;
  when_ = when;
  queue.pending_.emplace(when, this);
  queue.reschedule();
}

void Deadline::disarm() {
  if (!queue_) return;
  queue_->pending_.erase({when_, this});
  queue_ = nullptr;
}

Deadlines::~Deadlines() {
  for (const auto& [when, deadline] : pending_) deadline->queue_ = nullptr;
}

void Deadlines::reschedule() {
  if (pending_.empty()) return;
  const auto first = pending_.begin()->first;
  if (timer_.armed() && armed_for_ <= first) return;
  armed_for_ = first;
  timer_.arm_at(first, [this] { fire(); });
}

void Deadlines::fire() {
  const auto now = loop_->now();
  while (!pending_.empty() && pending_.begin()->first <= now) {
    Deadline* due = pending_.begin()->second;
    due->disarm();
    due->on_deadline();
  }
  reschedule();
}

}  // namespace invar::http
