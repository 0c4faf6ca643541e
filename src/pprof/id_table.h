// IdTable: from the ids a producer chose for its locations, functions or mappings to their positions.
// Ids 1..n in order (Go, and most others) cost nothing; anything else is a sorted list, so that sparse or
// hostile ids cost memory by their number, never by their size.   Threads: const use from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace invar::pprof {

class IdTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  void clear();
  void add(std::uint64_t id) {  // of the next position
    if (in_order_ && id == std::uint64_t{count_} + 1) [[likely]] {
      ++count_;
    } else {
      add_out_of_order(id);
    }
  }
  // Call after the last add. False: an id is 0 or given twice; bad_position() says where.
  bool finish();
  std::uint32_t bad_position() const { return bad_position_; }

  bool in_order() const { return in_order_; }  // ids are 1..size()
  std::uint32_t size() const { return count_; }
  std::uint32_t find(std::uint64_t id) const {
    if (in_order_) return id - 1 < count_ ? static_cast<std::uint32_t>(id - 1) : kNone;
    return find_sorted(id);
  }
  std::size_t held_bytes() const { return sorted_.capacity() * sizeof(Entry); }
  void release() { std::vector<Entry>().swap(sorted_); }

 private:
  using Entry = std::pair<std::uint64_t, std::uint32_t>;
  void add_out_of_order(std::uint64_t id);
  std::uint32_t find_sorted(std::uint64_t id) const;

  bool in_order_ = true;
  std::uint32_t count_ = 0;
  std::uint32_t bad_position_ = 0;
  std::vector<Entry> sorted_;  // empty while in order
};

}  // namespace invar::pprof
