#include "async/worker_pool.h"

#include <fmt/format.h>
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"

namespace invar::async {
namespace {

constexpr TimePoint::duration kShareWindow = std::chrono::milliseconds(100);

class ThreadPool final : public WorkerPool {
 public:
  ThreadPool(Loop& loop, std::size_t threads, const std::string& name, std::size_t backlog)
      : WorkerPool(loop), backlog_(backlog), workers_(threads) {
    INVAR_CHECK(threads >= 1, "a worker pool needs a thread");
    for (std::size_t i = 0; i < threads; ++i) {
      workers_[i].thread = std::thread([this, &worker = workers_[i], title = fmt::format("{}-{}", name, i)] {
        ::pthread_setname_np(::pthread_self(), title.substr(0, 15).c_str());
        serve(worker);
      });
    }
  }

  ~ThreadPool() override {
    std::deque<Job>
        dropped;  // destroyed here, on the loop's thread, like everything that the jobs captured there
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(jobs_);
      for (Worker& worker : workers_) worker.wake.notify_one();
    }
    dropped.clear();
    for (Worker& worker : workers_) worker.thread.join();
  }

  void submit(Task work, Task done) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
    if (idle_.empty() || jobs_.size() <= backlog_ * (started_ - idle_.size())) return;
    idle_.back()->called = true;
    idle_.back()->wake.notify_one();
    idle_.pop_back();
  }

  std::size_t queued() const override {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
  }

 private:
  struct Job {
    Task work;
    Task done;
  };
  struct Worker {
    std::condition_variable wake;
    bool called = false;
    std::thread thread;
  };

  void serve(Worker& worker) {
    std::unique_lock lock(mutex_);
    ++started_;
    for (;;) {
      if (jobs_.empty() && !stopping_) {
        idle_.push_back(&worker);
        worker.wake.wait(lock, [&] { return worker.called || stopping_; });
        worker.called = false;
      }
      if (stopping_) return;
      if (jobs_.empty()) continue;  // another one was faster
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.work();
      job.work = nullptr;  // before `done` can run: whatever the work held is free by then
      loop_.post(std::move(job.done));
      lock.lock();
    }
  }

  const std::size_t backlog_;
  mutable std::mutex mutex_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::size_t started_ = 0;    // threads that serve
  std::vector<Worker*> idle_;  // the last one has worked last
  std::vector<Worker> workers_;
};

}  // namespace

bool LoopShare::left(TimePoint now) {
  if (now - window_ >= kShareWindow) {
    window_ = now;
    spent_ = {};
  }
  return spent_ < kShareWindow / 4;
}

std::unique_ptr<WorkerPool> make_worker_pool(Loop& loop, std::size_t threads, const std::string& name,
                                             std::size_t backlog) {
  return std::make_unique<ThreadPool>(loop, threads, name, backlog);
}

}  // namespace invar::async
