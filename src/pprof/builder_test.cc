#include "pprof/builder.h"

#include <gtest/gtest.h>

namespace invar::pprof {
namespace {

TEST(Builder, MakesAProfileThatReadsBack) {
  Profile profile;
  profile.sample_types = {{"samples", "count"}};
  Builder builder(profile);
  const std::uint64_t program =
      builder.mapping({.memory_start = 0x1000, .memory_limit = 0x2000, .filename = "/bin/a"});
  const std::uint64_t main =
      builder.function({.name = "main", .system_name = "main", .filename = "a.c", .start_line = 3});
  const std::uint64_t location =
      builder.location(program, 0x1010, [&] { return std::vector<Line>{{.function_id = main, .line = 4}}; });
  builder.sample({location, builder.named_location("[idle]")}, {7})
      .labels.push_back({.key = "thread", .str = "one"});

  const Result<Profile> read = parse(serialize(profile));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->samples.size(), 1u);
  EXPECT_EQ(read->samples[0].values, std::vector<std::int64_t>{7});
  EXPECT_EQ(read->samples[0].labels.at(0).str, "one");
  EXPECT_EQ(read->locations.at(0).address, 0x1010u);
  EXPECT_EQ(read->functions.at(read->locations.at(0).lines.at(0).function_id - 1).name, "main");
  EXPECT_EQ(read->functions.at(read->locations.at(1).lines.at(0).function_id - 1).name, "[idle]");
  EXPECT_EQ(read->locations.at(1).address, 0u);
}

TEST(Builder, WhatIsTheSameIsThereOnce) {
  Profile profile;
  Builder builder(profile);
  const std::uint64_t a = builder.mapping({.memory_start = 1, .filename = "a"});
  EXPECT_EQ(builder.mapping({.memory_start = 1, .filename = "a"}), a);
  EXPECT_NE(builder.mapping({.memory_start = 1, .filename = "b"}), a);
  const std::uint64_t f = builder.function({.name = "f", .system_name = "f", .start_line = 1});
  EXPECT_EQ(builder.function({.name = "f", .system_name = "f", .start_line = 1}), f);
  EXPECT_NE(builder.function({.name = "f", .system_name = "f", .start_line = 2}), f);
  int asked = 0;
  const auto lines = [&] {
    ++asked;
    return std::vector<Line>{{.function_id = f}};
  };
  const std::uint64_t here = builder.location(a, 5, lines);
  EXPECT_EQ(builder.location(a, 5, lines), here);
  EXPECT_EQ(asked, 1);
  EXPECT_NE(builder.location(a + 1, 5, lines), here);
  EXPECT_EQ(builder.named_location("x"), builder.named_location("x"));
}

}  // namespace
}  // namespace invar::pprof
