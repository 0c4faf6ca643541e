// Cache: what the rules made of a label set, for the label sets used last. Bounded by entries; the least recently used goes.
// Shape:   a list in order of use, found by the hash of the input; equal hashes are told apart by comparing all labels.
// Threads: loop thread only. Source: pyroscope-receive-http-relabel-enrich.md B3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "labels/labels.h"

namespace invar::components::pyroscope_relabel {

class Cache {
 public:
  using Hash = std::uint64_t (*)(const Labels&);
  explicit Cache(
      std::size_t max_size, Hash hash = [](const Labels& labels) { return labels.stable_hash(); })
      : max_size_(max_size), hash_(hash) {}

  // The outcome for `input`: an empty optional says that the rules drop it. Null when it is not known.
  const std::optional<Labels>* find(const Labels& input);
  // For an input that find() did not know.
  void insert(const Labels& input, std::optional<Labels> outcome);
  void clear();
  void resize(std::size_t max_size);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::vector<Labels> last_used(std::size_t most) const;  // inputs, the latest first

 private:
  struct Entry {
    std::uint64_t hash;
    Labels input;
    std::optional<Labels> outcome;
  };
  using List = std::list<Entry>;
  void evict();

  std::size_t max_size_;
  const Hash hash_;
  List entries_;  // the last used first
  std::unordered_multimap<std::uint64_t, List::iterator> by_hash_;
};

}  // namespace invar::components::pyroscope_relabel
