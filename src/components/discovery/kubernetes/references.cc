#include "components/discovery/kubernetes/references.h"

#include <algorithm>

namespace invar::components::discovery_kubernetes {

void References::set(const std::string& key, std::vector<std::string> objects) {
  std::ranges::sort(objects);
  objects.erase(std::ranges::unique(objects).begin(), objects.end());
  const auto known = objects_.find(key);
  if (known != objects_.end()) {
    if (known->second == objects) return;
    for (const auto& object : known->second) {
      const auto groups = groups_.find(object);
      groups->second.erase(key);
      if (groups->second.empty()) groups_.erase(groups);
    }
    objects_.erase(known);
  }
  for (const auto& object : objects) groups_[object].insert(key);
  if (!objects.empty()) objects_.emplace(key, std::move(objects));
}

std::vector<std::string> References::groups_of(const std::string& object) const {
  const auto found = groups_.find(object);
  if (found == groups_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace invar::components::discovery_kubernetes
