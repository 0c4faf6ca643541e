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

class ThreadPool final : public WorkerPool {
 public:
  ThreadPool(Loop& loop, std::size_t threads, const std::string& name) : loop_(loop) {
    INVAR_CHECK(threads >= 1, "a worker pool needs a thread");
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, title = fmt::format("{}-{}", name, i)] {
        ::pthread_setname_np(::pthread_self(), title.substr(0, 15).c_str());
        serve();
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
    }
    wake_.notify_all();
    dropped.clear();
    for (std::thread& thread : threads_) thread.join();
  }

  void submit(Task work, Task done) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back({std::move(work), std::move(done)});
    }
    wake_.notify_one();
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

  void serve() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.work();
      job.work = nullptr;  // before `done` can run: whatever the work held is free by then
      loop_.post(std::move(job.done));
    }
  }

  Loop& loop_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<WorkerPool> make_worker_pool(Loop& loop, std::size_t threads, std::string name) {
  return std::make_unique<ThreadPool>(loop, threads, name);
}

}  // namespace invar::async
