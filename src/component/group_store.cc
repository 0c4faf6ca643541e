#include "component/group_store.h"

#include <unordered_map>
#include <utility>

namespace invar::component {

GroupStore::Group GroupStore::make_group(Targets targets) {
  Group group{.targets = std::move(targets), .fingerprints = {}, .sum = 0};
  group.fingerprints.reserve(group.targets.size());
  for (const Target& target : group.targets) {
    group.fingerprints.push_back(target.fingerprint());
    group.sum += group.fingerprints.back();
  }
  return group;
}

std::size_t GroupStore::put(Group& known, Group group) {
  if (known.sum == group.sum && known.targets.size() == group.targets.size()) return 0;
  if (known.targets.empty()) {
    sum_ += group.sum;
    count_ += group.targets.size();
    known = std::move(group);
    return known.targets.size();
  }
  std::unordered_multimap<std::uint64_t, const Target*> before;
  before.reserve(known.targets.size());
  for (std::size_t i = 0; i < known.targets.size(); ++i)
    before.emplace(known.fingerprints[i], &known.targets[i]);
  std::size_t came = 0;
  for (std::size_t i = 0; i < group.targets.size(); ++i) {
    const auto it = before.find(group.fingerprints[i]);
    if (it != before.end() && *it->second == group.targets[i]) {
      group.targets[i] = *it->second;
      before.erase(it);
    } else {
      ++came;
    }
  }
  const std::size_t went = before.size();
  sum_ += group.sum - known.sum;
  count_ += group.targets.size() - known.targets.size();
  known = std::move(group);
  return came + went;
}

GroupStore::Map::iterator GroupStore::take_out(Map::iterator it) {
  sum_ -= it->second.sum;
  count_ -= it->second.targets.size();
  return groups_.erase(it);
}

std::size_t GroupStore::set(const std::string& source, Targets targets) {
  if (targets.empty()) return remove(source);
  return put(groups_[source], make_group(std::move(targets)));
}

std::size_t GroupStore::remove(std::string_view source) {
  const auto it = groups_.find(source);
  if (it == groups_.end()) return 0;
  const std::size_t went = it->second.targets.size();
  take_out(it);
  return went;
}

std::size_t GroupStore::replace(Groups groups) {
  std::size_t changes = 0;
  for (auto it = groups_.begin(); it != groups_.end();) {
    if (groups.contains(it->first)) {
      ++it;
      continue;
    }
    changes += it->second.targets.size();
    it = take_out(it);
  }
  for (auto& [source, targets] : groups) changes += set(source, std::move(targets));
  return changes;
}

Targets GroupStore::targets() const {
  Targets all;
  all.reserve(count_);
  for (const auto& [source, group] : groups_)
    all.insert(all.end(), group.targets.begin(), group.targets.end());
  return all;
}

}  // namespace invar::component
