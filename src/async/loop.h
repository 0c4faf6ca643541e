// Loop: one event loop on one thread that owns all component state. Callbacks, timers, descriptors.
//
// Threads:  post() from anywhere; everything else on the loop thread. Tasks run one at a time, in the order posted.
// Lifetime: a callback must not outlive what it touches. A class that hands out callbacks keeps an async::Alive member
//           (last) and wraps them with alive_.bind(...): the callback becomes a no-op when the object is gone.
// Time:     now() is monotonic, unix_ns() is the wall clock. Tests use async/testing/test_loop.h, where both are virtual.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/time.h"

namespace boost::asio {
class io_context;
}

namespace invar::async {

using Task = std::move_only_function<void()>;
using TimePoint = std::chrono::steady_clock::time_point;

class Loop {
 public:
  using TimerId = std::uint64_t;  // 0 is never used
  using WatchId = std::uint64_t;

  virtual ~Loop() = default;

  virtual void post(Task task) = 0;  // thread-safe
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual UnixNanos unix_ns() const = 0;

  virtual TimerId schedule_at(TimePoint when, Task task) = 0;  // once; in the past = as soon as possible
  virtual void cancel(TimerId id) = 0;                         // unknown or fired ids are ignored

  // Calls `on_readable` whenever `fd` is readable (level-triggered) until unwatched. `fd` stays the caller's.
  virtual WatchId watch_readable(int fd, std::function<void()> on_readable) = 0;
  virtual void unwatch(WatchId id) = 0;

  // For the HTTP server's sockets; null on a test loop.
  virtual boost::asio::io_context* io_context() = 0;

  TimerId schedule_after(Duration delay, Task task) {
    return schedule_at(now() + std::chrono::duration_cast<TimePoint::duration>(delay), std::move(task));
  }
};

// The real loop. run() returns after stop(); tasks still queued then are dropped by the destructor.
class RealLoop : public Loop {
 public:
  static std::unique_ptr<RealLoop> create();
  virtual void run() = 0;
  virtual void stop() = 0;  // thread-safe, also from a signal task
  [[nodiscard]] virtual bool on_loop_thread() const = 0;
  // Longest single task since the last call: the stall metric.
  virtual Duration take_longest_task() = 0;
};

// Timer: one pending callback, cancelled by the destructor. Arming again replaces the previous one.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(&loop) {}
  Timer(Timer&& other) noexcept : loop_(other.loop_), state_(std::move(other.state_)) {}
  Timer& operator=(Timer&&) = delete;
  ~Timer() { cancel(); }

  void arm_at(TimePoint when, Task task);
  void arm_after(Duration delay, Task task);
  void cancel();
  [[nodiscard]] bool armed() const { return state_ && *state_ != 0; }

 private:
  Loop* loop_;
  std::shared_ptr<Loop::TimerId> state_;  // 0 once fired or cancelled
};

// Alive: makes callbacks harmless after their object is destroyed. Loop thread only. Keep it the last member.
class Alive {
 public:
  template <class F>
  auto bind(F f) const {
    return [token = std::weak_ptr<const bool>(token_), f = std::move(f)](auto&&... args) mutable {
      if (!token.expired()) f(std::forward<decltype(args)>(args)...);
    };
  }
  [[nodiscard]] std::weak_ptr<const bool> token() const { return token_; }
  void end() { token_.reset(); }

 private:
  std::shared_ptr<const bool> token_ = std::make_shared<bool>(true);
};

}  // namespace invar::async
