// Deadlines: thousands of pending time limits behind one loop timer.
// The timer is moved only when an earlier limit arrives; limits that are met in time cost two set operations.
// Threads: loop thread. Lifetime: a Deadline unregisters itself.
#pragma once

#include <set>
#include <utility>

#include "async/loop.h"

namespace invar::http {

class Deadlines;

class Deadline {
 public:
  Deadline() = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  virtual void on_deadline() = 0;
  void arm(Deadlines& queue, async::TimePoint when);
  void disarm();

 protected:
  ~Deadline() { disarm(); }

 private:
  friend class Deadlines;
  Deadlines* queue_ = nullptr;
  async::TimePoint when_{};
};

class Deadlines {
 public:
  explicit Deadlines(async::Loop& loop) : loop_(&loop), timer_(loop) {}
  ~Deadlines();

 private:
  friend class Deadline;
  void reschedule();
  void fire();

  async::Loop* loop_;
  std::set<std::pair<async::TimePoint, Deadline*>> pending_;
  async::TimePoint armed_for_{};
  async::Timer timer_;
};

}  // namespace invar::http
