// TestLoop: a Loop with virtual time, turned by the test. Nothing waits; the same test gives the same order every time.
// Shape:   loop.advance(15s);  loop.run_until_idle();  InlineWorkerPool pool(loop);
// Time:    starts at 2026-01-01T00:00:00Z; the wall clock moves with the monotonic one until set_unix_ns() shifts it.
// Threads: post() from anywhere; everything else on the test's thread. Descriptors are polled, never waited for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "async/loop.h"
#include "async/worker_pool.h"

namespace invar::async::testing {

class TestLoop final : public Loop {
 public:
  TestLoop();
  ~TestLoop() override;

  // Runs tasks, due timers and readable descriptors until there is nothing to do at this instant.
  void run_until_idle();
  // Moves time forward, running what becomes due on the way, each timer at its own instant.
  void advance(Duration by);
  // advance() to the next timer; false when there is none.
  bool advance_to_next_timer();

  void set_unix_ns(UnixNanos unix_ns);  // as when somebody sets the clock
  [[nodiscard]] std::size_t pending_timers() const { return timers_.size(); }

  void post(Task task) override;
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] UnixNanos unix_ns() const override;
  TimerId schedule_at(TimePoint when, Task task) override;
  void cancel(TimerId id) override;
  WatchId watch_readable(int fd, std::function<void()> on_readable) override;
  void unwatch(WatchId id) override;
  boost::asio::io_context* io_context() override { return nullptr; }

 private:
  struct TimerKey {
    TimePoint when;
    TimerId id;
    auto operator<=>(const TimerKey&) const = default;
  };
  struct Watch {
    int fd;
    std::shared_ptr<std::function<void()>> on_readable;
  };

  bool run_one_task();
  bool run_one_timer();
  bool poll_watches();

  mutable std::mutex mutex_;  // guards posted_ only
  std::deque<Task> posted_;
  TimePoint now_;
  std::int64_t wall_offset_ns_;
  std::map<TimerKey, Task> timers_;
  std::unordered_map<TimerId, TimePoint> deadlines_;
  std::map<WatchId, Watch> watches_;
  std::uint64_t last_id_ = 0;
  bool closing_ = false;
};

// True while a job of an InlineWorkerPool does its work on this thread: where blocking is allowed.
bool in_pool_work();

// A WorkerPool without threads: a job runs when the loop is turned, in the order submitted. Paused, jobs
// wait.
class InlineWorkerPool final : public WorkerPool {
 public:
  using WorkerPool::WorkerPool;

  void submit(Task work, Task done) override;
  [[nodiscard]] std::size_t queued() const override { return jobs_.size(); }
  void set_paused(bool paused);

 private:
  struct Job {
    Task work;
    Task done;
  };
  void run_one();

  std::deque<Job> jobs_;
  bool paused_ = false;
  Alive alive_;
};

}  // namespace invar::async::testing
