// Scheduler: keeps the set of running tasks in step with the graph, and stops them in order.
//
// synchronize(): what left the graph is stopped first, dependants before dependencies; then what is not running is started,
// dependencies first. What is in both is not touched. Groups that share nothing stop side by side.
// Stopping: one task of a group at a time, each awaited. A warning every 60 s; after the deadline (0: never), counted from the
//           begin of the stop, what has not stopped is given up with an error, and the rest of the group is not waited for.
// Threads:  loop thread only.
// Lifetime: after stop_all() is done nothing runs; given-up tasks live until the scheduler goes.
// Spec:     runtime.md 7, 10.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "base/log.h"

namespace invar::runtime {

class Runnable {
 public:
  virtual ~Runnable() = default;
  [[nodiscard]] virtual const std::string& task_id() const = 0;
  [[nodiscard]] virtual bool can_start() const = 0;
  virtual void start_task() = 0;
  virtual void stop_task(async::Task done) = 0;  // `done` exactly once
  virtual void task_ended(const std::optional<Error>& error) = 0;
};
using RunnablePtr = std::shared_ptr<Runnable>;

class Scheduler {
 public:
  // `settled` is called when the last task that was being stopped is gone, before anything is started.
  Scheduler(async::Loop& loop, log::Logger logger, Duration deadline, std::function<void()> settled);
  ~Scheduler();

  // `groups`: each in dependency order.
  void synchronize(std::vector<std::vector<RunnablePtr>> groups);
  // Starts what has become able to start since, unless something is still being stopped (it is started
  // afterwards then).
  void start_ready();
  void stop_all(async::Task done);

  [[nodiscard]] bool is_stopping(const std::string& task_id) const;
  [[nodiscard]] bool stops_anything() const { return !chains_.empty(); }

 private:
  struct Chain;

  std::vector<std::vector<RunnablePtr>> running_reversed(
      const std::unordered_set<const Runnable*>& keep) const;
  void begin_chains(std::vector<std::vector<RunnablePtr>> groups);
  void stop_next(std::uint64_t chain_id);
  void on_stopped(std::uint64_t chain_id, std::size_t index);
  void on_deadline(std::uint64_t chain_id);
  void warn_later(Chain& chain);
  void finish_chain(std::uint64_t chain_id);

  async::Loop* loop_;
  log::Logger logger_;
  Duration deadline_;
  std::function<void()> settled_;
  std::vector<std::vector<RunnablePtr>> groups_;
  std::unordered_set<const Runnable*> running_;
  std::map<std::uint64_t, std::unique_ptr<Chain>> chains_;
  std::uint64_t next_chain_ = 0;
  std::vector<RunnablePtr> given_up_;
  async::Task all_stopped_;
  bool stopping_all_ = false;
  async::Alive alive_;
};

}  // namespace invar::runtime
