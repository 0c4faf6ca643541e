// LastDurations: the last durations of what happens again and again, and how long most of them were.
// Memory:  1 KiB. Cost: add() stores a number; at() looks at all of them. Durations are kept in microseconds, up to an hour.
// Threads: one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace invar {

class LastDurations {
 public:
  static constexpr std::size_t kKept = 256;

  void add(Duration duration);
  [[nodiscard]] bool empty() const { return added_ == 0; }
  // The shortest that `share` (0 to 1) of those kept did not exceed; not empty.
  [[nodiscard]] Duration at(double share) const;

 private:
  std::array<std::uint32_t, kKept> microseconds_{};
  std::size_t added_ = 0;
};

}  // namespace invar
