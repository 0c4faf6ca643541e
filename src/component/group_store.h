// GroupStore: the targets that a discoverer knows, the latest group of each source.
// A set is the same as another when it has the same targets, in whatever order and from whatever sources. A group that comes again
// unchanged keeps its targets as they are, and so does each unchanged target of a changed group: what follows compares addresses.
// Cost: set() and remove() that of their group; replace() that of all sources, nothing in an empty store. Threads: any; a value.
// Spec: discovery.md 2.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "component/target.h"

namespace invar::component {

using Groups = std::map<std::string, Targets, std::less<>>;  // by source

class GroupStore {
 public:
  GroupStore() = default;
  GroupStore(Groups groups);  // as set() of each

  // Each answers how many targets came and went; a changed one does both. A source without targets is not kept.
  std::size_t set(const std::string& source, Targets targets);
  std::size_t remove(std::string_view source);
  std::size_t replace(GroupStore all);  // sources that are not in it are removed

  [[nodiscard]] Targets targets() const;  // sorted by source, each group in the order it was given
  [[nodiscard]] std::size_t target_count() const { return count_; }
  [[nodiscard]] std::size_t source_count() const { return groups_.size(); }
  [[nodiscard]] std::uint64_t fingerprint() const { return sum_ + count_; }  // of the set

 private:
  struct Group {
    Targets targets;
    std::uint64_t sum = 0;  // of the fingerprints: the same in any order
  };
  using Map = std::map<std::string, Group, std::less<>>;

  static Group make_group(Targets targets);
  std::size_t put(Group& known, Group group);
  Map::iterator take_out(Map::iterator it);

  Map groups_;
  std::size_t count_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace invar::component
