// IdMap: from the keys a writer chose for its constants to numbers of ours; 12 bytes and a little for each.
// Threads: one owner; find() from any while nothing is added.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace invar::jfr {

class IdMap {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  [[nodiscard]] std::uint32_t find(std::uint64_t key) const {
    if (keys_.empty()) return kNone;
    for (std::size_t at = place(key);; at = (at + 1) & mask_) {
      if (values_[at] == kNone || keys_[at] == key) return values_[at];
    }
  }
  // Gives a key a value other than kNone; the last one stands.
  void set(std::uint64_t key, std::uint32_t value) {
    if ((count_ + 1) * 4 > keys_.size() * 3) grow();
    std::size_t at = place(key);
    while (values_[at] != kNone && keys_[at] != key) at = (at + 1) & mask_;
    if (values_[at] == kNone) ++count_;
    keys_[at] = key;
    values_[at] = value;
  }

 private:
  [[nodiscard]] std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15 >> shift_);
  }
  void grow() {
    std::vector<std::uint64_t> keys(keys_.empty() ? 16 : keys_.size() * 2);
    std::vector<std::uint32_t> values(keys.size(), kNone);
    keys.swap(keys_);
    values.swap(values_);
    mask_ = keys_.size() - 1;
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(keys_.size()));
    count_ = 0;
    for (std::size_t at = 0; at < keys.size(); ++at) {
      if (values[at] != kNone) set(keys[at], values[at]);
    }
  }

  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> values_;
  std::size_t mask_ = 0, count_ = 0;
  unsigned shift_ = 0;
};

}  // namespace invar::jfr
