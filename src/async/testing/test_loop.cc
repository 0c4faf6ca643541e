#include "async/testing/test_loop.h"

#include <poll.h>

#include <vector>

#include "base/check.h"

namespace invar::async::testing {
namespace {

constexpr UnixNanos kStart = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z

// Nothing real needs so many turns at one instant: a task posts itself, or a watched descriptor is never
// read.
constexpr int kMostTurns = 20'000'000;

}  // namespace

TestLoop::TestLoop()
    : now_(std::chrono::hours(1)), wall_offset_ns_(kStart - Duration(now_.time_since_epoch()).count()) {}

TestLoop::~TestLoop() {
  // Out of the members first: what is destroyed may call back into the loop.
  const auto timers = std::move(timers_);
  const auto watches = std::move(watches_);
  std::deque<Task> posted;
  const std::lock_guard lock(mutex_);
  closing_ = true;
  posted.swap(posted_);
}

void TestLoop::run_until_idle() {
  for (int turns = 0; run_one_task() || run_one_timer() || poll_watches(); ++turns) {
    INVAR_CHECK(turns < kMostTurns, "the loop does not become idle");
  }
}

void TestLoop::advance(Duration by) {
  const TimePoint target = now_ + by;
  run_until_idle();
  while (!timers_.empty() && timers_.begin()->first.when <= target) {
    now_ = std::max(now_, timers_.begin()->first.when);
    run_until_idle();
  }
  now_ = std::max(now_, target);
  run_until_idle();
}

bool TestLoop::advance_to_next_timer() {
  run_until_idle();
  if (timers_.empty()) return false;
  advance(timers_.begin()->first.when - now_);
  return true;
}

void TestLoop::set_unix_ns(UnixNanos unix_ns) {
  wall_offset_ns_ = unix_ns - Duration(now_.time_since_epoch()).count();
}

UnixNanos TestLoop::unix_ns() const {
  return Duration(now_.time_since_epoch()).count() + wall_offset_ns_;
}

void TestLoop::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (!closing_) posted_.push_back(std::move(task));
}

Loop::TimerId TestLoop::schedule_at(TimePoint when, Task task) {
  const TimerId id = ++last_id_;
  if (closing_) return id;
  timers_.emplace(TimerKey{when, id}, std::move(task));
  deadlines_.emplace(id, when);
  return id;
}

void TestLoop::cancel(TimerId id) {
  if (closing_) return;
  const auto found = deadlines_.find(id);
  if (found == deadlines_.end()) return;
  const auto node = timers_.extract(TimerKey{found->second, id});
  deadlines_.erase(found);
}

Loop::WatchId TestLoop::watch_readable(int fd, std::function<void()> on_readable) {
  const WatchId id = ++last_id_;
  if (!closing_)
    watches_.emplace(id, Watch{fd, std::make_shared<std::function<void()>>(std::move(on_readable))});
  return id;
}

void TestLoop::unwatch(WatchId id) {
  if (!closing_) watches_.erase(id);
}

bool TestLoop::run_one_task() {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return false;
    task = std::move(posted_.front());
    posted_.pop_front();
  }
  task();
  return true;
}

bool TestLoop::run_one_timer() {
  if (timers_.empty() || timers_.begin()->first.when > now_) return false;
  auto node = timers_.extract(timers_.begin());
  deadlines_.erase(node.key().id);
  node.mapped()();
  return true;
}

bool TestLoop::poll_watches() {
  bool any = false;
  std::vector<std::pair<WatchId, int>> fds;
  for (const auto& [id, watch] : watches_) fds.emplace_back(id, watch.fd);
  for (const auto& [id, fd] : fds) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 0) <= 0) continue;
    const auto found = watches_.find(id);
    if (found == watches_.end()) continue;
    const auto on_readable = found->second.on_readable;  // it may unwatch itself
    (*on_readable)();
    any = true;
  }
  return any;
}

namespace {
// Not zero at first: mold 1.10 misplaces a thread's storage that holds zeros alone, and the program does not start.
thread_local bool t_outside_pool_work = true;
}  // namespace

bool in_pool_work() {
  return !t_outside_pool_work;
}

void InlineWorkerPool::submit(Task work, Task done) {
  jobs_.push_back({std::move(work), std::move(done)});
  if (!paused_) loop_.post(alive_.bind([this] { run_one(); }));
}

void InlineWorkerPool::set_paused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (paused_) return;
  for (std::size_t i = 0; i < jobs_.size(); ++i) loop_.post(alive_.bind([this] { run_one(); }));
}

void InlineWorkerPool::run_one() {
  if (paused_ || jobs_.empty()) return;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  t_outside_pool_work = false;
  job.work();
  t_outside_pool_work = true;
  job.work = nullptr;
  loop_.post(std::move(job.done));
}

}  // namespace invar::async::testing
