#include "cluster/join_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "cluster/advertise.h"

namespace invar::cluster {
namespace {

using ::testing::ElementsAre;

Lookup table() {
  const auto in = [](std::map<std::string, std::vector<std::string>> records) {
    return [records](const std::string& name) -> Result<std::vector<std::string>> {
      const auto found = records.find(name);
      if (found == records.end()) return fail(ErrorCode::kNotFound, "lookup " + name + ": no such host");
      return found->second;
    };
  };
  return {in({{"peers", {"10.0.0.1", "fd00::2"}}, {"both", {"10.0.0.9"}}, {"none", {}}}),
          in({{"srv", {"a.x.", "b.x."}}, {"both", {"c.x."}}})};
}

TEST(JoinAddresses, EveryForm) {
  const struct {
    const char* entry;
    const char* want;
  } rows[] = {
      {"10.1.1.1", "10.1.1.1:12345"},
      {"10.1.1.1:80", "10.1.1.1:80"},
      {"fd00::7", "[fd00::7]:12345"},
      {"[fd00::7]", "[fd00::7]:12345"},
      {"[fd00::7]:80", "[fd00::7]:80"},
      {"peers", "10.0.0.1:12345,[fd00::2]:12345"},
      {"peers:80", "10.0.0.1:80,[fd00::2]:80"},
      {"dns+peers:80", "10.0.0.1:80,[fd00::2]:80"},
      {"srv", "a.x.:12345,b.x.:12345"},
      {"both", "10.0.0.9:12345"},
      {"dnssrv+both", "c.x.:12345"},
      {"dnssrvnoa+srv:80", "a.x.:80,b.x.:80"},
  };
  for (const auto& row : rows) {
    const auto found = resolve_join_addresses_blocking({row.entry}, 12345, table());
    ASSERT_TRUE(found) << row.entry;
    EXPECT_EQ(join(found->addresses, ","), row.want) << row.entry;
  }
}

TEST(JoinAddresses, WhatFailsIsNamedAndEachAddressComesOnce) {
  const auto found = resolve_join_addresses_blocking({"missing", "peers", "10.0.0.1", "none"}, 80, table());
  ASSERT_TRUE(found);
  EXPECT_THAT(found->addresses, ElementsAre("10.0.0.1:80", "[fd00::2]:80"));
  EXPECT_THAT(found->failures, ElementsAre("lookup missing: no such host", "lookup none: no records"));
  const auto nothing = resolve_join_addresses_blocking({"missing"}, 80, table());
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().message,
            "static peer discovery: failed to find any valid join addresses: lookup missing: no such host");
}

TEST(JoinAddresses, TheSystemKnowsItself) {
  const auto found = resolve_join_addresses_blocking({"localhost:80"}, 1, system_lookup());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->addresses, ::testing::Contains(::testing::AnyOf("127.0.0.1:80", "[::1]:80")));
}

TEST(JoinAddresses, SomeAreChosenByChance) {
  std::uint64_t next = 0;
  const auto random = [&] { return next += 7; };
  const std::vector<std::string> all = {"a", "b", "c", "d"};
  EXPECT_EQ(choose(all, 0, random), all);
  EXPECT_EQ(choose(all, 4, random), all);
  auto two = choose(all, 2, random);
  EXPECT_EQ(two.size(), 2U);
  EXPECT_NE(two[0], two[1]);
}

TEST(Advertise, TheBestAddressOfTheInterfaces) {
  const std::vector<InterfaceAddress> all = {
      {"lo", "127.0.0.1"}, {"lo", "::1"},        {"eth0", "fe80::1"},    {"eth0", "169.254.3.4"},
      {"eth0", "fd00::1"}, {"eth1", "10.0.0.7"}, {"eth2", "169.254.9.9"}};
  EXPECT_EQ(best_address(all, {"eth0", "en0"}), "fd00::1");
  EXPECT_EQ(best_address(all, {"eth0", "eth1"}), "10.0.0.7");
  EXPECT_EQ(best_address(all, {"eth2"}), "169.254.9.9");
  EXPECT_EQ(best_address(all, {"all"}), "10.0.0.7");
  EXPECT_EQ(best_address(all, {"lo"}), "");
  EXPECT_EQ(best_address({}, {"all"}), "");
}

}  // namespace
}  // namespace invar::cluster
