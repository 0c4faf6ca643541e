#include "component/group_store.h"

#include <unordered_map>
#include <utility>

namespace invar::component {

GroupStore::GroupStore(Groups groups) {
  for (auto& [source, targets] : groups) set(source, std::move(targets));
}

GroupStore::Group GroupStore::make_group(Targets targets) {
  Group group{.targets = std::move(targets), .sum = 0};
  for (const Target& target : group.targets) group.sum += target.fingerprint();
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
  for (const Target& target : known.targets) before.emplace(target.fingerprint(), &target);
  std::size_t came = 0;
  for (Target& target : group.targets) {
    const auto it = before.find(target.fingerprint());
    if (it != before.end() && *it->second == target) {
      target = *it->second;
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

std::size_t GroupStore::replace(GroupStore all) {
  if (groups_.empty()) {
    *this = std::move(all);
    return count_;
  }
  std::size_t changes = 0;
  for (auto it = groups_.begin(); it != groups_.end();) {
    if (all.groups_.contains(it->first)) {
      ++it;
      continue;
    }
    changes += it->second.targets.size();
    it = take_out(it);
  }
  for (auto& [source, group] : all.groups_) changes += put(groups_[source], std::move(group));
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
