// TargetLabels: an immutable list of labels sorted by name, each name once, whose texts are shared; MergedLabels: two of them without a
// name in common, read as one. What Target is made of. A group's labels are one TargetLabels, held by all targets of the group.
// Empty values are kept. Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_text.h"

namespace invar::component {

class TargetLabels {
 public:
  using Entry = std::pair<SharedText, SharedText>;  // name and value
  TargetLabels() = default;
  explicit TargetLabels(std::vector<Entry> entries);  // in any order; of a repeated name the last wins
  static TargetLabels of(const std::map<std::string, std::string, std::less<>>& labels);

  [[nodiscard]] const Entry* find(std::string_view name) const;  // null: has none
  [[nodiscard]] const Entry* begin() const { return entries_.data(); }
  [[nodiscard]] const Entry* end() const { return entries_.data() + entries_.size(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // Of its labels: those of disjoint lists add up.
  [[nodiscard]] std::uint64_t hash_sum() const { return hash_sum_; }
  bool operator==(const TargetLabels& other) const;

 private:
  std::vector<Entry> entries_;
  std::uint64_t hash_sum_ = 0;
};

class MergedLabels {
 public:
  class Iterator;
  MergedLabels(const TargetLabels& a, const TargetLabels& b) : a_(&a), b_(&b) {}

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;
  [[nodiscard]] std::size_t size() const { return a_->size() + b_->size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool contains(std::string_view name) const { return a_->find(name) || b_->find(name); }
  bool operator==(const MergedLabels& other) const;

 private:
  const TargetLabels* a_;
  const TargetLabels* b_;
};

class MergedLabels::Iterator {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;
  using difference_type = std::ptrdiff_t;
  using Entry = TargetLabels::Entry;
  Iterator() = default;
  Iterator(const Entry* a, const Entry* a_end, const Entry* b, const Entry* b_end)
      : a_(a), a_end_(a_end), b_(b), b_end_(b_end) {}

  value_type operator*() const { return {next().first, next().second}; }
  Iterator& operator++() {
    ++(a_is_next() ? a_ : b_);
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator& other) const { return a_ == other.a_ && b_ == other.b_; }

 private:
  [[nodiscard]] bool a_is_next() const { return b_ == b_end_ || (a_ != a_end_ && a_->first < b_->first); }
  [[nodiscard]] const Entry& next() const { return a_is_next() ? *a_ : *b_; }

  const Entry *a_ = nullptr, *a_end_ = nullptr;
  const Entry *b_ = nullptr, *b_end_ = nullptr;
};

inline MergedLabels::Iterator MergedLabels::begin() const {
  return {a_->begin(), a_->end(), b_->begin(), b_->end()};
}
inline MergedLabels::Iterator MergedLabels::end() const {
  return {a_->end(), a_->end(), b_->end(), b_->end()};
}

}  // namespace invar::component
