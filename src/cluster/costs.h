// Costs: what this node's work took in the last hour, by slot. Bounds: kSlots slots of 120 bytes.
// Threads: loop thread. Spec: clustering.md 13.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "async/loop.h"
#include "cluster/weigh.h"

namespace invar::cluster {

class Costs {
 public:
  static constexpr Duration kKnown = std::chrono::minutes(2);  // after so long a rate counts

  struct Rate {
    std::size_t slot = 0;
    std::uint64_t bytes = 0, cpu_ns = 0;  // per second
    bool operator==(const Rate&) const = default;
  };

  void note(std::uint64_t key, std::uint64_t bytes, Duration cpu, async::TimePoint now);
  // Of what is this node's for long enough; what is not is forgotten.
  std::vector<Rate> rates(async::TimePoint now, const std::function<bool(std::size_t slot)>& is_ours);

 private:
  static constexpr std::size_t kPieces = 6;
  static constexpr Duration kPiece = std::chrono::minutes(10);
  struct Use {
    async::TimePoint since;
    std::int64_t piece = 0;  // the newest one
    std::array<SlotCost, kPieces> pieces{};
    void go_to(std::int64_t now);
  };
  std::unordered_map<std::size_t, Use> uses_;
};

}  // namespace invar::cluster
