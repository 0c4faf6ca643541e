#include "cluster/ring.h"

#define XXH_STATIC_LINKING_ONLY  // for a state on the stack
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace invar::cluster {

std::vector<std::uint64_t> node_tokens(std::string_view node) {
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  XXH64_update(&state, node.data(), node.size());
  std::vector<std::uint64_t> tokens;
  tokens.reserve(kTokensPerNode);
  for (std::size_t t = 0; t < kTokensPerNode; ++t) {
    const auto byte = static_cast<unsigned char>(t);
    XXH64_update(&state, &byte, 1);
    tokens.push_back(XXH64_digest(&state));
  }
  return tokens;
}

Ring::Ring(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {
  std::ranges::sort(nodes_);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> all;
  all.reserve(nodes_.size() * kTokensPerNode);
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) {
    for (const std::uint64_t token : node_tokens(nodes_[node])) all.emplace_back(token, node);
  }
  std::ranges::sort(all);  // nodes_ is sorted: equal tokens go by name
  for (const auto& [token, node] : all) {
    tokens_.push_back(token);
    owners_.push_back(node);
  }
  const auto bits = static_cast<unsigned>(std::bit_width(tokens_.size()));
  if (bits == 0) return;
  shift_ = 64 - bits;
  std::uint32_t token = 0;
  for (std::uint64_t upper = 0; upper < std::uint64_t{1} << bits; ++upper) {
    while (token < tokens_.size() && tokens_[token] >> shift_ < upper) ++token;
    starts_.push_back(token);
  }
}

std::string_view Ring::owner(std::uint64_t key) const {
  if (tokens_.empty()) return {};
  std::size_t at = starts_[key >> shift_];
  while (at < tokens_.size() && tokens_[at] < key) ++at;
  return nodes_[owners_[at == tokens_.size() ? 0 : at]];
}

}  // namespace invar::cluster
