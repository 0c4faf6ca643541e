#include "runtime/steps.h"

#include <utility>

#include "base/check.h"

namespace invar::runtime {

void Steps::run(std::size_t count, Step step, async::Task end) {
  INVAR_CHECK(!running_, "steps that run already");
  ++run_;
  next_ = 0;
  count_ = count;
  step_ = std::move(step);
  end_ = std::move(end);
  running_ = true;
  advance();
}

void Steps::cancel() {
  ++run_;
  running_ = false;
  end_ = {};
}

void Steps::advance() {
  const std::uint64_t run = run_;
  const auto alive = alive_.token();
  while (next_ < count_) {
    in_step_ = true;
    step_done_ = false;
    step_(next_++, alive_.bind([this, run] {
      if (run != run_ || step_done_) return;
      step_done_ = true;
      if (!in_step_) advance();
    }));
    if (alive.expired() || run != run_) return;
    in_step_ = false;
    if (!step_done_) return;
  }
  running_ = false;
  std::exchange(end_, {})();
}

}  // namespace invar::runtime
