#include "pprof/id_table.h"

#include <algorithm>

namespace invar::pprof {

void IdTable::clear() {
  in_order_ = true;
  count_ = 0;
  bad_position_ = 0;
  sorted_.clear();
}

void IdTable::add_out_of_order(std::uint64_t id) {
  if (in_order_) {
    in_order_ = false;
    for (std::uint32_t i = 0; i < count_; ++i) sorted_.emplace_back(i + 1, i);
  }
  sorted_.emplace_back(id, count_++);
}

bool IdTable::finish() {
  if (in_order_) return true;
  std::sort(sorted_.begin(), sorted_.end());
  if (sorted_.front().first == 0) {
    bad_position_ = sorted_.front().second;
    return false;
  }
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                        [](const Entry& a, const Entry& b) { return a.first == b.first; });
  if (twice == sorted_.end()) return true;
  bad_position_ = std::next(twice)->second;
  return false;
}

std::uint32_t IdTable::find_sorted(std::uint64_t id) const {
  const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), Entry{id, 0});
  return at != sorted_.end() && at->first == id ? at->second : kNone;
}

}  // namespace invar::pprof
