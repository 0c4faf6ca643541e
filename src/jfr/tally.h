// Tally: sums two numbers per key, keys in the order in which they came first. For samples of one kind.
// Threads: one owner.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "jfr/limits.h"

namespace invar::jfr {

class Tally {
 public:
  struct Key {
    std::uint32_t stack = 0, labels = 0;
    bool operator==(const Key&) const = default;
  };
  struct Row {
    Key key;
    std::uint64_t count = 0, amount = 0;
  };

  // Sums wrap on overflow. False: there are kMaxRows keys already, and this is none of them.
  bool add(Key key, std::uint64_t count, std::uint64_t amount) {
    if (rows_.size() * 2 >= index_.size()) [[unlikely]]
      grow();
    std::size_t at = place(key);
    while (index_[at] != kFree && rows_[index_[at]].key != key) at = (at + 1) & (index_.size() - 1);
    if (index_[at] == kFree) {
      if (rows_.size() == kMaxRows) return false;
      index_[at] = static_cast<std::uint32_t>(rows_.size());
      rows_.push_back({.key = key});
    }
    Row& row = rows_[index_[at]];
    row.count += count;
    row.amount += amount;
    return true;
  }
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }

 private:
  static constexpr std::uint32_t kFree = 0xffffffff;

  [[nodiscard]] std::size_t place(Key key) const {
    return static_cast<std::size_t>((std::uint64_t{key.labels} << 32 | key.stack) * 0x9e3779b97f4a7c15 >>
                                    shift_);
  }
  void grow() {
    index_.assign(index_.empty() ? 64 : index_.size() * 2, kFree);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(index_.size()));
    for (std::uint32_t row = 0; row < rows_.size(); ++row) {
      std::size_t at = place(rows_[row].key);
      while (index_[at] != kFree) at = (at + 1) & (index_.size() - 1);
      index_[at] = row;
    }
  }

  std::vector<Row> rows_;
  std::vector<std::uint32_t> index_;  // positions of rows
  unsigned shift_ = 0;
};

}  // namespace invar::jfr
