#include "component/target_labels.h"

#include <algorithm>

namespace invar::component {
namespace {

std::uint64_t mixed(std::uint64_t hash) {
  hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
  return hash ^ hash >> 31;
}

std::uint64_t hash_of(const TargetLabels::Entry& label) {
  constexpr std::hash<std::string_view> kHash;
  return mixed(mixed(kHash(label.first) + 0x9e3779b97f4a7c15) ^ kHash(label.second));
}

}  // namespace

TargetLabels::TargetLabels(std::vector<Entry> entries) : entries_(std::move(entries)) {
  const auto out_of_order = std::ranges::adjacent_find(entries_, std::ranges::greater_equal{}, &Entry::first);
  if (out_of_order != entries_.end()) {
    std::ranges::reverse(entries_);
    std::ranges::stable_sort(entries_, {}, &Entry::first);
    const auto repeated = std::ranges::unique(entries_, {}, &Entry::first);
    entries_.erase(repeated.begin(), repeated.end());
  }
  entries_.shrink_to_fit();
  for (const Entry& label : entries_) hash_sum_ += hash_of(label);
}

TargetLabels TargetLabels::of(const std::map<std::string, std::string, std::less<>>& labels) {
  std::vector<Entry> entries;
  entries.reserve(labels.size());
  for (const auto& [name, value] : labels)
    entries.emplace_back(SharedText::common(name), SharedText::common(value));
  return TargetLabels(std::move(entries));
}

const TargetLabels::Entry* TargetLabels::find(std::string_view name) const {
  const Entry* found = std::lower_bound(
      begin(), end(), name, [](const Entry& label, std::string_view n) { return label.first.view() < n; });
  return found != end() && found->first == name ? found : nullptr;
}

bool TargetLabels::operator==(const TargetLabels& other) const {
  return hash_sum_ == other.hash_sum_ && entries_ == other.entries_;
}

bool MergedLabels::operator==(const MergedLabels& other) const {
  if (a_ == other.a_) return *b_ == *other.b_;
  return size() == other.size() && std::equal(begin(), end(), other.begin());
}

}  // namespace invar::component
