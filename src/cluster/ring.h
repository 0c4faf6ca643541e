// Ring: which node owns a key, the same on every node that knows the same names, Alloy's among them.
// Shape:    512 tokens a node; the owner of a key is that of the first token at or after it, around the end to the first.
// Threads:  immutable, any thread. Cost: owner() begins where tokens of the key's upper bits do, so it looks at one or two.
// Spec:     clustering.md 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace invar::cluster {

class Ring {
 public:
  explicit Ring(std::vector<std::string> nodes);  // each once, in any order

  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  [[nodiscard]] std::string_view owner(std::uint64_t key) const;  // "" of an empty ring

 private:
  std::vector<std::string> nodes_;
  std::vector<std::uint64_t> tokens_;  // sorted
  std::vector<std::uint32_t> owners_;  // by token: index into nodes_
  unsigned shift_ = 0;                 // leaves the upper bits of a key
  std::vector<std::uint32_t> starts_;  // by those: the first token that does not lie below them all
};

inline constexpr std::size_t kTokensPerNode = 512;
// The tokens of one node in the order of their making.
std::vector<std::uint64_t> node_tokens(std::string_view node);

}  // namespace invar::cluster
