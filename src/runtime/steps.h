// Steps: work of several steps, each of which may end at once or later on the loop; one after the other.
// Thousands of steps that end at once are a loop and no recursion.
// Threads: loop thread only. Lifetime: destroying or cancelling it ends the run; what is under way then is ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "async/loop.h"

namespace invar::runtime {

class Steps {
 public:
  using Step = std::function<void(std::size_t index, async::Task done)>;  // `done` once, at once or later

  // Runs step(0) ... step(count - 1), then `end`. Only while nothing runs.
  void run(std::size_t count, Step step, async::Task end);
  void cancel();
  [[nodiscard]] bool running() const { return running_; }

 private:
  void advance();

  std::uint64_t run_ = 0;
  std::size_t next_ = 0, count_ = 0;
  Step step_;
  async::Task end_;
  bool running_ = false, in_step_ = false, step_done_ = false;
  async::Alive alive_;
};

}  // namespace invar::runtime
