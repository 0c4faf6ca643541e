#include "async/loop.h"

#include <fcntl.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/check.h"

namespace invar::async {
namespace {

namespace asio = boost::asio;

class RealLoopImpl final : public RealLoop {
 public:
  ~RealLoopImpl() override {
    // Dropped tasks may own timers, watches and promises that call back into the loop while they are
    // destroyed.
    closing_ = true;
    const auto posted = std::exchange(posted_, {});
    const auto watches = std::exchange(watches_, {});
    const auto timers = std::exchange(timers_, {});
    for (const auto& [id, watch] : watches) watch->descriptor.reset();
  }

  // Posted tasks and timers are kept here rather than in the context: asio would ask the kernel for events between any two
  // batches of handlers, and set a timerfd for every earliest timer. So a wake-up is one epoll_wait, and a timer none.
  void run() override {
    loop_thread_ = std::this_thread::get_id();
    {
      const auto guard = asio::make_work_guard(context_);
      while (!context_.stopped()) {
        run_posted();
        run_due_timers();
        if (!context_.stopped()) run_one_handler();
      }
    }
    context_.restart();  // after the guard: letting go of the last work stops the context
  }

  void stop() override { context_.stop(); }

  bool on_loop_thread() const override { return loop_thread_.load() == std::this_thread::get_id(); }

  Duration take_longest_task() override { return Duration{longest_task_ns_.exchange(0)}; }

  void post(Task task) override {
    if (closing_) return;
    bool wake = false;
    {
      const std::lock_guard lock(posted_mutex_);
      posted_.push_back(std::move(task));
      // One wake-up serves all that is posted until the loop looks again.
      wake = waiting_ && !on_loop_thread();
      if (wake) waiting_ = false;
    }
    if (wake) asio::post(context_, [] {});
  }

  TimePoint now() const override { return std::chrono::steady_clock::now(); }

  UnixNanos unix_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  TimerId schedule_at(TimePoint when, Task task) override {
    if (closing_) return ++last_id_;
    const TimerId id = ++last_id_;
    timers_.emplace(TimerKey{when, id}, std::move(task));
    deadlines_.emplace(id, when);
    return id;
  }

  void cancel(TimerId id) override {
    if (closing_) return;
    const auto found = deadlines_.find(id);
    if (found == deadlines_.end()) return;
    // The task is destroyed last: its own destructor may schedule and cancel.
    const auto node = timers_.extract(TimerKey{found->second, id});
    deadlines_.erase(found);
  }

  WatchId watch_readable(int fd, std::function<void()> on_readable) override {
    if (closing_) return ++last_id_;
    // A duplicate: asio wants to own what it watches, and the caller may close its descriptor first.
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    INVAR_CHECK(copy >= 0, "watch_readable needs an open descriptor");
    const WatchId id = ++last_id_;
    auto watch = std::make_shared<Watch>();
    watch->on_readable = std::move(on_readable);
    watch->descriptor.emplace(context_, copy);
    watches_.emplace(id, watch);
    wait(watch);
    return id;
  }

  void unwatch(WatchId id) override {
    if (closing_) return;
    const auto found = watches_.find(id);
    if (found == watches_.end()) return;
    const std::shared_ptr<Watch> watch = found->second;
    watches_.erase(found);
    watch->descriptor.reset();
  }

  asio::io_context* io_context() override { return &context_; }

 private:
  struct TimerKey {
    TimePoint when;
    TimerId id;
    auto operator<=>(const TimerKey&) const = default;
  };

  struct Watch {
    std::optional<asio::posix::stream_descriptor> descriptor;  // empty once unwatched
    std::function<void()> on_readable;
  };

  template <class F>
  void measured(F& task) {
    const TimePoint start = now();
    task();
    const std::int64_t took = Duration(now() - start).count();
    if (took > longest_task_ns_.load(std::memory_order_relaxed)) longest_task_ns_.store(took);
  }

  void wait(const std::shared_ptr<Watch>& watch) {
    watch->descriptor->async_wait(asio::posix::stream_descriptor::wait_read,
                                  [this, watch](const boost::system::error_code& error) {
                                    if (error || !watch->descriptor) return;
                                    measured(watch->on_readable);
                                    if (watch->descriptor) wait(watch);
                                  });
  }

  // Those that are here now: what they post waits for the next turn, so that descriptors get theirs.
  void run_posted() {
    std::deque<Task> tasks;
    {
      const std::lock_guard lock(posted_mutex_);
      tasks.swap(posted_);
    }
    while (!tasks.empty() && !context_.stopped()) {
      Task task = std::move(tasks.front());
      tasks.pop_front();
      measured(task);
    }
    if (tasks.empty()) return;
    // Stopped in the middle: the rest stands before what was posted since.
    const std::lock_guard lock(posted_mutex_);
    std::move(posted_.begin(), posted_.end(), std::back_inserter(tasks));
    posted_.swap(tasks);
  }

  // Waits for a descriptor, a task or the next timer, and runs at most one handler.
  void run_one_handler() {
    bool idle = false;
    {
      const std::lock_guard lock(posted_mutex_);
      idle = waiting_ = posted_.empty();
    }
    if (!idle) {
      context_.poll_one();
    } else if (timers_.empty()) {
      context_.run_one();
    } else {
      context_.run_one_until(timers_.begin()->first.when);
    }
    const std::lock_guard lock(posted_mutex_);
    waiting_ = false;
  }

  void run_due_timers() {
    // Timers that become due while these run wait for the next turn, so that descriptors get theirs.
    const TimePoint due = now();
    const TimerId newest = last_id_;
    while (!timers_.empty() && timers_.begin()->first.when <= due && timers_.begin()->first.id <= newest &&
           !context_.stopped()) {
      auto node = timers_.extract(timers_.begin());
      deadlines_.erase(node.key().id);
      measured(node.mapped());
    }
  }

  std::mutex posted_mutex_;
  std::deque<Task> posted_;
  bool waiting_ = false;  // the loop sleeps, and nobody has woken it yet
  std::map<TimerKey, Task> timers_;
  std::unordered_map<TimerId, TimePoint> deadlines_;
  std::unordered_map<WatchId, std::shared_ptr<Watch>> watches_;
  std::uint64_t last_id_ = 0;
  std::atomic<bool> closing_ = false;
  std::atomic<std::thread::id> loop_thread_ = std::this_thread::get_id();
  std::atomic<std::int64_t> longest_task_ns_ = 0;
  asio::io_context context_{1};  // goes first: its last handlers call back, too
};

}  // namespace

std::unique_ptr<RealLoop> RealLoop::create() {
  return std::make_unique<RealLoopImpl>();
}

}  // namespace invar::async
