// WorkShare: what one process may cost of CPU time in an interval, for its files and names. Who asks for more is served in the next one.
// Threads: one at a time; the time is that of the thread that calls.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace invar::ebpf {

class WorkShare {
 public:
  static constexpr std::uint64_t kNs = 1'000'000'000;

  // One piece of work may always be begun: what is over is bounded by the largest piece.
  [[nodiscard]] bool left(std::uint64_t interval) {
    if (interval != interval_) used_ns_ = 0;
    interval_ = interval;
    return used_ns_ < kNs;
  }
  template <class Work>
  auto spend(const Work& work) {
    const std::uint64_t before = now_ns();
    auto out = work();
    used_ns_ += now_ns() - before;
    return out;
  }

 private:
  static std::uint64_t now_ns() {
    rusage used{};
    getrusage(RUSAGE_THREAD, &used);
    const auto ns = [](const timeval& t) {
      return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
             static_cast<std::uint64_t>(t.tv_usec) * 1'000;
    };
    return ns(used.ru_utime) + ns(used.ru_stime);
  }

  std::uint64_t used_ns_ = 0, interval_ = 0;
};

}  // namespace invar::ebpf
