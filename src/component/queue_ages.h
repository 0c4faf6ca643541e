// QueueAges: a component that can say how long what waits for its outlets has been waiting.
// Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace invar::component {

// Of the outlet that inspection.h gives this url. Younger than the first limit, than the second, …, and older than all.
inline constexpr std::array<Duration, 4> kQueueAges = {std::chrono::minutes(1), std::chrono::minutes(5),
                                                       std::chrono::minutes(15), std::chrono::minutes(60)};

class QueueAges {
 public:
  virtual ~QueueAges() = default;
  // kQueueAges.size() + 1 figures; empty: it has no such queue.
  [[nodiscard]] virtual std::vector<std::uint64_t> queue_ages(std::string_view url) const = 0;
};

}  // namespace invar::component
