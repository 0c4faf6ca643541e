// WorkerPool: CPU-heavy and blocking work off the loop (inflate, delta, deflate, fsync, big hashes). Results come back as values.
// Shape:    pool.run([in = std::move(x)] { return work(in); }, [this](R result) { ... });  the second runs on the loop.
// Threads:  run() from the loop thread. `work` must not touch component state. FIFO start order, no order of completion.
// Lifetime: the destructor finishes running work and drops what has not started; wrap `done` with async::Alive.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/loop.h"

namespace invar::async {

// How much of the loop's time goes into work that a thread of the pool could do: a quarter of each tenth of a second.
class LoopShare {
 public:
  bool left(TimePoint now);
  void spend(TimePoint::duration time) { spent_ += time; }

 private:
  TimePoint window_{};
  TimePoint::duration spent_{};
};

class WorkerPool {
 public:
  explicit WorkerPool(Loop& loop) : loop_(loop) {}
  virtual ~WorkerPool() = default;

  // `work` runs on a worker thread, then `done` is posted to the loop.
  virtual void submit(Task work, Task done) = 0;
  [[nodiscard]] virtual std::size_t queued() const = 0;  // waiting, not running

  template <class Work, class Done>
  void run(Work work, Done done) {
    using R = std::invoke_result_t<Work&>;
    auto slot = std::make_shared<std::optional<R>>();
    submit([slot, work = std::move(work)]() mutable { slot->emplace(work()); },
           [slot, done = std::move(done)]() mutable { done(std::move(**slot)); });
  }

  // For work of a few milliseconds at most: done at once, here, while the loop's share for such work lasts (its caches are
  // warm and nobody is woken), else as run() does. `done` may be called before this returns.
  template <class Work, class Done>
  void run_brief(Work work, Done done) {
    const TimePoint began = loop_.now();
    if (!share_.left(began)) return run(std::move(work), std::move(done));
    auto result = work();
    share_.spend(loop_.now() - began);
    done(std::move(result));
  }

 protected:
  Loop& loop_;

 private:
  LoopShare share_;
};

// Real threads, named `<name>-N`. `threads` >= 1. A thread that sleeps is called when more than `backlog` jobs wait for each
// that works, and always when none does; the one that worked last is called first, as its caches and scratch memory are warm.
// 0 is for work that blocks; some jobs are for work that only computes, which one thread does cheaper than two.
std::unique_ptr<WorkerPool> make_worker_pool(Loop& loop, std::size_t threads, const std::string& name,
                                             std::size_t backlog = 0);

}  // namespace invar::async
