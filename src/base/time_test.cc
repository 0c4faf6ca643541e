#include "base/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace invar {
namespace {

using namespace std::chrono_literals;

TEST(Duration, Parses) {
  const struct {
    const char* text;
    Duration want;
  } rows[] = {
      {"0", 0ns},
      {"-0", 0ns},
      {"+0", 0ns},
      {"5s", 5s},
      {"1h30m", 90min},
      {"90s", 90s},
      {"1500ms", 1500ms},
      {"-1.5s", -1500ms},
      {"+5s", 5s},
      {"1.5h", 90min},
      {".5s", 500ms},
      {"1.s", 1s},
      {"10ns", 10ns},
      {"11us", 11us},
      {"12µs", 12us},
      {"12μs", 12us},
      {"5s1h", 1h + 5s},  // units in any order
      {"1s1s", 2s},
      {"0.3333333333333333333h", 20min},
      {"0.100000000000000000000h", 6min},
      {"9223372036854775807ns", Duration::max()},
      {"-9223372036854775808ns", Duration::min()},
      {"2562047h47m16.854775807s", Duration::max()},
  };
  for (const auto& row : rows) {
    const auto got = parse_duration(row.text);
    ASSERT_TRUE(got.has_value()) << row.text << ": " << got.error().message;
    EXPECT_EQ(*got, row.want) << row.text;
  }
}

TEST(Duration, RejectsWithGosTexts) {
  const struct {
    const char* text;
    const char* want;
  } rows[] = {
      {"", R"(time: invalid duration "")"},
      {"x", R"(time: invalid duration "x")"},
      {"-", R"(time: invalid duration "-")"},
      {".", R"(time: invalid duration ".")"},
      {".s", R"(time: invalid duration ".s")"},
      {"+.s", R"(time: invalid duration "+.s")"},
      {" 1s", R"(time: invalid duration " 1s")"},
      {"1s ", R"(time: unknown unit "s " in duration "1s ")"},
      {"5", R"(time: missing unit in duration "5")"},
      {"1.5", R"(time: missing unit in duration "1.5")"},
      {"1d", R"(time: unknown unit "d" in duration "1d")"},
      {"1h5", R"(time: missing unit in duration "1h5")"},
      {"1e3s", R"(time: unknown unit "e" in duration "1e3s")"},
      {"9223372036854775808ns", R"(time: invalid duration "9223372036854775808ns")"},
      {"9223372036854775.808us", R"(time: invalid duration "9223372036854775.808us")"},
      {"-9223372036854775809ns", R"(time: invalid duration "-9223372036854775809ns")"},
      {"3000000h", R"(time: invalid duration "3000000h")"},
      {"1\"s", R"(time: unknown unit "\"s" in duration "1\"s")"},
      {"1\ns", R"(time: unknown unit "\x0as" in duration "1\x0as")"},
      {"é", R"(time: invalid duration "\xc3\xa9")"},
  };
  for (const auto& row : rows) {
    const auto got = parse_duration(row.text);
    ASSERT_FALSE(got.has_value()) << row.text;
    EXPECT_EQ(got.error(), (Error{ErrorCode::kInvalidArgument, row.want}));
  }
}

TEST(Duration, FormatsCanonically) {
  const struct {
    Duration value;
    const char* want;
  } rows[] = {
      {0ns, "0s"},
      {1ns, "1ns"},
      {1100ns, "1.1µs"},
      {2200us, "2.2ms"},
      {3300ms, "3.3s"},
      {90s, "1m30s"},
      {1500ms, "1.5s"},
      {1h, "1h0m0s"},
      {4min + 5001ms, "4m5.001s"},
      {-90s, "-1m30s"},
      {5h + 6min + 7001ms, "5h6m7.001s"},
      {Duration::max(), "2562047h47m16.854775807s"},
      {Duration::min(), "-2562047h47m16.854775808s"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(format_duration(row.value), row.want);
    EXPECT_EQ(parse_duration(row.want), row.value);
  }
}

TEST(Rfc3339, FormatsWithoutTrailingZeros) {
  const struct {
    UnixNanos unix_ns;
    const char* want;
  } rows[] = {
      {0, "1970-01-01T00:00:00Z"},
      {1787319627123456789, "2026-08-21T13:40:27.123456789Z"},
      {1787319627120000000, "2026-08-21T13:40:27.12Z"},
      {1787319627000000001, "2026-08-21T13:40:27.000000001Z"},
      {-1, "1969-12-31T23:59:59.999999999Z"},
      {std::numeric_limits<UnixNanos>::max(), "2262-04-11T23:47:16.854775807Z"},
      {std::numeric_limits<UnixNanos>::min(), "1677-09-21T00:12:43.145224192Z"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(format_rfc3339(row.unix_ns), row.want);
    EXPECT_EQ(parse_rfc3339(row.want), row.unix_ns);
  }
}

TEST(Rfc3339, ParsesOffsetsAndAnyNumberOfDigits) {
  const struct {
    const char* text;
    UnixNanos want;
  } rows[] = {
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T18:30:00-05:30", 0},
      {"1970-01-01T00:00:00.5Z", 500000000},
      {"1970-01-01T00:00:00.1234567899999Z", 123456789},
      {"2024-02-29T00:00:00Z", 1709164800000000000},
  };
  for (const auto& row : rows) EXPECT_EQ(parse_rfc3339(row.text), row.want) << row.text;
}

TEST(Rfc3339, RejectsEverythingElse) {
  for (const char* text :
       {"", "2026-08-21", "2026-08-21 13:40:27Z", "2026-08-21T13:40:27", "2026-13-21T13:40:27Z",
        "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-08-21T24:00:00Z", "2026-08-21T13:60:27Z",
        "2026-08-21T13:40:60Z", "2026-08-21T13:40:27.Z", "2026-08-21T13:40:27Zx", "2026-08-21T13:40:27+0100",
        "2026-08-21T13:40:27+01:60", "9999-01-01T00:00:00Z", "1600-01-01T00:00:00Z", "26-08-21T13:40:27Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace invar
