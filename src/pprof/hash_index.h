// HashIndex: finds records of a table by content, by 32 bits of their hash and a comparison of the caller's.
// The records live elsewhere; a slot holds hash and position, 8 bytes, so that growing touches nothing else.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <vector>

namespace invar::pprof {

class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // The position of the record that `equal(position)` accepts; otherwise `add()` makes one and returns where.
  template <class Equal, class Add>
  std::uint32_t find_or_add(std::uint64_t hash, Equal equal, Add add) {
    if (count_ * 2 >= slots_.size()) [[unlikely]]
      grow();
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.position == kNone) {
        const std::uint32_t position = add();
        slot = {tag, position};
        ++count_;
        return position;
      }
      if (slot.tag == tag && equal(slot.position)) return slot.position;
    }
  }

  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[static_cast<std::uint32_t>(hash >> 32) & mask_]);
  }

 private:
  struct Slot {
    std::uint32_t tag = 0, position = kNone;
  };

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.position == kNone) continue;
      std::size_t at = slot.tag & mask_;
      while (slots_[at].position != kNone) at = (at + 1) & mask_;
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0, count_ = 0;
};

}  // namespace invar::pprof
