// JobKey: what makes a job the same one over a reload, a restart and a move to another node.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace invar::components::pyroscope_scrape {

struct JobKey {
  std::uint64_t identity = 0;
  std::string name;  // Job::names
  bool operator==(const JobKey&) const = default;
};
struct JobKeyHash {
  std::size_t operator()(const JobKey& key) const {
    return key.identity ^ std::hash<std::string>()(key.name);
  }
};

}  // namespace invar::components::pyroscope_scrape
