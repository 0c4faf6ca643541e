// SharedTargets: a component whose targets the nodes of a cluster share, and how many of them each node has.
// Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace invar::component {

// By the name of the node; "" for those that nobody has yet.
using TargetsByOwner = std::map<std::string, std::uint64_t, std::less<>>;

class SharedTargets {
 public:
  virtual ~SharedTargets() = default;
  // Empty: nothing is shared.
  [[nodiscard]] virtual const TargetsByOwner& targets_by_owner() const = 0;
};

}  // namespace invar::component
