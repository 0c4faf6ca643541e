// MappingStore: gives out runs of entries in the BPF map of mappings, which all processes share.
// Life:    a run that is given back is used again after settle(): a program that still reads the old run finds what was there.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace invar::ebpf {

class MappingStore {
 public:
  explicit MappingStore(std::uint32_t entries) { free_.emplace(0, entries); }
  std::optional<std::uint32_t> take(std::uint32_t count);
  void give_back(std::uint32_t first, std::uint32_t count);
  void settle();
  [[nodiscard]] std::uint32_t used() const { return used_; }

 private:
  std::map<std::uint32_t, std::uint32_t> free_;  // first -> count, no two adjacent
  std::vector<std::pair<std::uint32_t, std::uint32_t>> settling_;
  std::uint32_t used_ = 0;
};

}  // namespace invar::ebpf
