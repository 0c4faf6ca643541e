// References: which groups were made of which objects, so that a changed object finds the groups to make again.
// An object is named by its kind and key: "pod/shop/web-1", "node/n1". Threads: loop thread; pure.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace invar::components::discovery_kubernetes {

class References {
 public:
  // The group `key` looked at these objects, whether they exist or not. None: the group is forgotten.
  void set(const std::string& key, std::vector<std::string> objects);
  [[nodiscard]] std::vector<std::string> groups_of(const std::string& object) const;  // sorted

 private:
  std::unordered_map<std::string, std::vector<std::string>> objects_;
  std::unordered_map<std::string, std::set<std::string>> groups_;
};

}  // namespace invar::components::discovery_kubernetes
