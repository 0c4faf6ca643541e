// Balance: how a cluster shares its work out by cost, for people. Threads: a value. Spec: clustering.md 13.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace invar::component {

struct Balance {
  struct Node {
    std::string name;
    double keys = 0;             // its part of all keys, from 0 to 1
    std::optional<double> cost;  // its part of all cost, as the leader weighed last; the leader alone knows
  };
  bool by_cost = false;         // false: by the ring, because not all nodes weigh
  std::string leader;           // "" while nobody owns anything
  std::uint64_t plan = 0;       // its epoch; 0: none
  UnixNanos since_unix_ns = 0;  // when this node began to follow it; 0: none, or since the start
  double moved = 0;             // by it, of all keys
  std::vector<Node> nodes;      // by name; none while all go by the ring
};

}  // namespace invar::component
