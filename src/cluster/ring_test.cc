#include "cluster/ring.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <map>

namespace invar::cluster {
namespace {

// clustering.md 2: the key of a target with this label alone.
std::uint64_t address_key(const std::string& address) {
  const std::string text = "__address__\xff" + address + "\xff";
  return XXH64(text.data(), text.size(), 0);
}

TEST(Ring, TokensOfTheVectors) {
  const auto tokens = node_tokens("node-a");
  ASSERT_EQ(tokens.size(), 512U);
  EXPECT_EQ(tokens[0], 0x3df0185cb3568f70U);
  EXPECT_EQ(tokens[1], 0xd7815091a264cce6U);
  EXPECT_EQ(tokens[2], 0xb219ba70d34593cdU);
}

TEST(Ring, OwnersOfTheVectors) {
  const Ring ring({"node-c", "node-a", "node-b"});
  const std::map<std::uint64_t, std::string_view> owners = {
      {0xbbbe498586b668f3, "node-b"}, {0x916ec15b4ae17b60, "node-b"}, {0xe975785c2f1db577, "node-c"},
      {0x6142e0e9a8ff065a, "node-a"}, {0xef46db3751d8e999, "node-b"},
  };
  for (const auto& [key, owner] : owners) EXPECT_EQ(ring.owner(key), owner) << std::hex << key;
}

TEST(Ring, SharesThreeThousandTargetsAsTheReferenceDoes) {
  const Ring ring({"node-a", "node-b", "node-c"});
  std::map<std::string_view, int> shares;
  for (int i = 0; i < 3000; ++i)
    ++shares[ring.owner(address_key(fmt::format("10.0.{}.{}:80", i / 250, i % 250)))];
  EXPECT_EQ(shares["node-a"], 1001);
  EXPECT_EQ(shares["node-b"], 1071);
  EXPECT_EQ(shares["node-c"], 928);
}

TEST(Ring, ANodeThatComesTakesFromOthersAndNothingElseMoves) {
  std::vector<std::string> nodes;
  for (int n = 0; n < 12; ++n) {
    const Ring before(nodes);
    const std::string added = fmt::format("node-{}", n * 7 % 12);
    nodes.push_back(added);
    const Ring after(nodes);
    for (int i = 0; i < 500; ++i) {
      const auto key = address_key(fmt::format("host-{}", i));
      if (before.owner(key) != after.owner(key)) {
        EXPECT_EQ(after.owner(key), added);
      }
    }
  }
}

TEST(Ring, TheOwnerIsThatOfTheFirstTokenAtOrAfterAKey) {
  std::map<std::uint64_t, std::string> owners;
  std::vector<std::string> nodes;
  for (int n = 0; n < 7; ++n) {
    nodes.push_back(fmt::format("node-{}", n));
    for (const std::uint64_t token : node_tokens(nodes.back())) owners[token] = nodes.back();
  }
  const Ring ring(nodes);
  std::vector<std::uint64_t> keys = {0, 1, ~0ULL, ~0ULL - 1};
  for (const auto& [token, node] : owners) keys.insert(keys.end(), {token - 1, token, token + 1});
  for (const std::uint64_t key : keys) {
    const auto at = owners.lower_bound(key);
    ASSERT_EQ(ring.owner(key), at == owners.end() ? owners.begin()->second : at->second) << std::hex << key;
  }
}

TEST(Ring, AnEmptyRingHasNoOwners) {
  EXPECT_EQ(Ring({}).owner(7), "");
}

}  // namespace
}  // namespace invar::cluster
