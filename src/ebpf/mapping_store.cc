#include "ebpf/mapping_store.h"

namespace invar::ebpf {

std::optional<std::uint32_t> MappingStore::take(std::uint32_t count) {
  for (auto at = free_.begin(); at != free_.end(); ++at) {
    const auto [first, length] = *at;
    if (length < count) continue;
    free_.erase(at);
    if (length > count) free_.emplace(first + count, length - count);
    used_ += count;
    return first;
  }
  return std::nullopt;
}

void MappingStore::give_back(std::uint32_t first, std::uint32_t count) {
  if (count == 0) return;
  settling_.emplace_back(first, count);
  used_ -= count;
}

void MappingStore::settle() {
  for (auto [first, count] : settling_) {
    auto next = free_.lower_bound(first);
    if (next != free_.end() && first + count == next->first) {
      count += next->second;
      next = free_.erase(next);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == first) {
        before->second += count;
        continue;
      }
    }
    free_.emplace(first, count);
  }
  settling_.clear();
}

}  // namespace invar::ebpf
