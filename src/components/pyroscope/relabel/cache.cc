#include "components/pyroscope/relabel/cache.h"

#include <utility>

namespace invar::components::pyroscope_relabel {

const std::optional<Labels>* Cache::find(const Labels& input) {
  const auto [begin, end] = by_hash_.equal_range(hash_(input));
  for (auto at = begin; at != end; ++at) {
    if (!(at->second->input == input)) continue;
    entries_.splice(entries_.begin(), entries_, at->second);
    return &at->second->outcome;
  }
  return nullptr;
}

void Cache::insert(const Labels& input, std::optional<Labels> outcome) {
  const std::uint64_t hash = hash_(input);
  entries_.push_front({hash, input, std::move(outcome)});
  by_hash_.emplace(hash, entries_.begin());
  evict();
}

std::vector<Labels> Cache::last_used(std::size_t most) const {
  std::vector<Labels> out;
  for (auto at = entries_.begin(); at != entries_.end() && out.size() < most; ++at) out.push_back(at->input);
  return out;
}

void Cache::clear() {
  entries_.clear();
  by_hash_.clear();
}

void Cache::resize(std::size_t max_size) {
  max_size_ = max_size;
  evict();
}

void Cache::evict() {
  while (entries_.size() > max_size_) {
    const auto oldest = std::prev(entries_.end());
    auto at = by_hash_.equal_range(oldest->hash).first;
    while (at->second != oldest) ++at;
    by_hash_.erase(at);
    entries_.erase(oldest);
  }
}

}  // namespace invar::components::pyroscope_relabel
