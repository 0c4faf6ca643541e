#include "archive_tool/text.h"

#include <gtest/gtest.h>

namespace invar::archive_tool {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000, kNow = 1'789'000'000 * kSecond;

TEST(Text, ReadsTimesInEveryForm) {
  const struct {
    const char* text;
    UnixNanos want;
  } rows[] = {
      {"now", kNow},
      {"90m", kNow - 5400 * kSecond},
      {"1h30m", kNow - 5400 * kSecond},
      {"2d", kNow - 2 * 86400 * kSecond},
      {"1w2d3h", kNow - ((9 * 24 + 3) * 3600) * kSecond},
      {"10000d", kNow - 10'000 * (86400 * kSecond)},
      {"10000w10000d2562047h", kNow - 2 * kForever.count()},
      {"0", kNow},
      {"1789000000", kNow},
      {"2026-09-10", 1788998400 * kSecond},
      {"2026-09-10 00:26", 1788999960 * kSecond},
      {"2026-09-10T00:26:40", kNow},
      {"2026-09-10 00:26:40.5", kNow + kSecond / 2},
      {"2026-09-10T02:26:40+02:00", kNow},
  };
  for (const auto& row : rows) {
    const auto got = parse_when(row.text, kNow);
    ASSERT_TRUE(got) << row.text << got.error().message;
    EXPECT_EQ(*got, row.want) << row.text;
  }
  for (const char* bad : {"", "soon", "-1h", "2026-13-01", "5", "1d2", "d", "2026-09-10 1"}) {
    EXPECT_FALSE(parse_when(bad, kNow)) << bad;
  }
}

TEST(Text, ShowsValuesInTheirUnits) {
  EXPECT_EQ(show_value(0, "bytes"), "0 B");
  EXPECT_EQ(show_value(1023, "bytes"), "1023 B");
  EXPECT_EQ(show_value(1536, "bytes"), "1.50 KiB");
  EXPECT_EQ(show_value(-200 << 20, "bytes"), "-200 MiB");
  EXPECT_EQ(show_value(12'340'000, "nanoseconds"), "12.3 ms");
  EXPECT_EQ(show_value(5, "milliseconds"), "5.00 ms");
  EXPECT_EQ(show_value(7200, "seconds"), "2.00 h");
  EXPECT_EQ(show_value(90'000'000'000, "nanoseconds"), "1.50 min");
  EXPECT_EQ(show_value(12345, "count"), "12345");
  EXPECT_EQ(show_share(1, 3), "33.3%");
  EXPECT_EQ(show_share(1, 0), "-");
  EXPECT_EQ(show_share(INT64_MAX, 1), ">999%");
  EXPECT_EQ(show_share(-5000, 100), "<-999%");
  EXPECT_EQ(show_share(5, -5), "-100.0%");
}

TEST(Text, ReadsSizes) {
  EXPECT_EQ(parse_size("100"), 100u);
  EXPECT_EQ(parse_size("1.5 KiB"), 1536u);
  EXPECT_EQ(parse_size("2GB"), 2'000'000'000u);
  EXPECT_EQ(parse_size("1g"), std::uint64_t{1} << 30);
  for (const char* bad : {"", "GB", "-1", "1 parsec", "99999999TB"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

}  // namespace
}  // namespace invar::archive_tool
