#include "base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/unicode.h"

namespace invar {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split(",", ','), ElementsAre("", ""));
}

TEST(Strings, Join) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({"a", "", "b"}, ", "), "a, , b");
}

TEST(Strings, TrimAndCase) {
  EXPECT_EQ(trim_space(" \t\r\n\v\fx y \n"), "x y");
  EXPECT_EQ(trim_space("  "), "");
  EXPECT_EQ(to_lower_ascii("Content-TYPE Ä"), "content-type Ä");
  EXPECT_TRUE(equals_ignore_case("GZip", "gzIP"));
  EXPECT_FALSE(equals_ignore_case("gzip", "gzi"));
}

TEST(Strings, DecodeRune) {
  const struct {
    std::string_view text;
    char32_t value;
    int length;
  } rows[] = {
      {"a", U'a', 1},
      {std::string_view("\0", 1), 0, 1},
      {"é", U'é', 2},
      {"€x", U'€', 3},
      {"😀", U'😀', 4},
      {"\xef\xbf\xbd", 0xFFFD, 3},
      {"", 0xFFFD, 1},
      {"\x80", 0xFFFD, 1},
      {"\xc0\xaf", 0xFFFD, 1},          // overlong slash
      {"\xe0\x80\xaf", 0xFFFD, 1},      // overlong in three bytes
      {"\xf0\x80\x80\xaf", 0xFFFD, 1},  // overlong in four
      {"\xed\xa0\x80", 0xFFFD, 1},      // surrogate
      {"\xf4\x90\x80\x80", 0xFFFD, 1},  // beyond the last code point
      {"\xe2\x82", 0xFFFD, 1},          // cut short
      {"\xff", 0xFFFD, 1},
  };
  for (const auto& row : rows) {
    const Rune rune = decode_rune(row.text);
    EXPECT_EQ(rune.value, row.value) << quote(row.text);
    EXPECT_EQ(rune.length, row.length) << quote(row.text);
  }
}

TEST(Strings, AppendRuneIsTheInverse) {
  for (const char32_t rune :
       {U'a', U'\x7f', U'\x80', U'\x7ff', U'\x800', U'\xffff', U'\U00010000', U'\U0010ffff'}) {
    std::string out;
    append_rune(out, rune);
    EXPECT_EQ(decode_rune(out).value, rune);
    EXPECT_EQ(static_cast<std::size_t>(decode_rune(out).length), out.size());
  }
  std::string out;
  append_rune(out, 0xD800);
  append_rune(out, 0x110000);
  EXPECT_EQ(out, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Strings, ValidUtf8) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("aé€😀\xef\xbf\xbd"));
  EXPECT_FALSE(valid_utf8("a\xff"));
  EXPECT_FALSE(valid_utf8("\xed\xa0\x80"));
  for (std::size_t at = 0; at < 20; ++at) {
    std::string text(20, 'x');
    text.insert(at, "é");
    EXPECT_TRUE(valid_utf8(text)) << at;
    text[at + 1] = 'x';
    EXPECT_FALSE(valid_utf8(text)) << at;
  }
}

TEST(Strings, QuoteIsGos) {
  const struct {
    std::string_view text;
    const char* want;
  } rows[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\a\b\f\n\r\t\v", R"("\a\b\f\n\r\t\v")"},
      {std::string_view("\0\x1f\x7f", 3), R"("\x00\x1f\x7f")"},
      {"é€😀", R"("é€😀")"},
      {"\xff", R"("\xff")"},
      {"\xef\xbf\xbd", "\"\xef\xbf\xbd\""},
      {"\u200b\u00a0\ufeff", R"("\u200b\u00a0\ufeff")"},  // format and space characters are not printable
      {"\U000e0001", R"("\U000e0001")"},
      {"\u00ad", R"("\u00ad")"},
  };
  for (const auto& row : rows) EXPECT_EQ(quote(row.text), row.want);
}

TEST(Unicode, Printable) {
  for (const char32_t rune : {U' ', U'a', U'~', U'¡', U'ß', U'Ω', U'中', U'😀'})
    EXPECT_TRUE(is_printable(rune));
  for (const char32_t rune :
       {U'\0', U'\x1f', U'\x7f', U'\x9f', U'\xa0', U'\u2028', U'\ue000', U'\U0010ffff'}) {
    EXPECT_FALSE(is_printable(rune)) << static_cast<unsigned>(rune);
  }
}

TEST(Strings, ParseUint) {
  EXPECT_EQ(parse_uint("0"), 0u);
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_uint("ff", 16), 255u);
  for (const char* bad : {"", " 1", "1 ", "-1", "+1", "1x", "18446744073709551616", "0x1"}) {
    EXPECT_EQ(parse_uint(bad), std::nullopt) << bad;
  }
}

TEST(Strings, ParseInt) {
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_int("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "-", "+1", "1.0", "9223372036854775808", "--1"})
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
}

TEST(Strings, ParseDouble) {
  const struct {
    const char* text;
    double want;
  } rows[] = {
      {"1", 1},       {"1.5", 1.5},  {".5", 0.5},
      {"1.", 1},      {"1e3", 1000}, {"1E-3", 1e-3},
      {"1e+3", 1000}, {"1e-999", 0}, {"123456789012345678901234567890", 123456789012345678901234567890.0}};
  for (const auto& row : rows) EXPECT_EQ(parse_double(row.text), row.want) << row.text;
  for (const char* bad : {"", ".", "-1", "+1", "1e", "e1", "1e999", "inf", "nan", "0x1p3", "1 ", "1_0"}) {
    EXPECT_EQ(parse_double(bad), std::nullopt) << bad;
  }
}

TEST(Strings, FormatDoubleIsShortestAndNeverHasAnExponent) {
  const struct {
    double value;
    const char* want;
  } rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {0.1, "0.1"},
      {-2.5, "-2.5"},
      {100, "100"},
      {1e21, "1000000000000000000000"},
      {1e23, "100000000000000000000000"},
      {1e-7, "0.0000001"},
      {123.456, "123.456"},
      {1.0 / 3, "0.3333333333333333"},
      {INFINITY, "+Inf"},
      {-INFINITY, "-Inf"},
      {NAN, "NaN"},
  };
  for (const auto& row : rows) EXPECT_EQ(format_double(row.value), row.want);
  for (const double value : {std::numeric_limits<double>::max(), std::numeric_limits<double>::min(),
                             std::numeric_limits<double>::denorm_min(), 0.1 + 0.2, 1e16 + 2}) {
    EXPECT_EQ(parse_double(format_double(value)), value);
  }
}

TEST(Strings, Base64AndHex) {
  const struct {
    const char* text;
    const char* want;
  } rows[] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
              {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& row : rows) EXPECT_EQ(to_base64(row.text), row.want);
  EXPECT_EQ(hex(std::string_view("\x00\x0f\xa5\xff", 4)), "000fa5ff");
}

TEST(Strings, HumanBytes) {
  const struct {
    std::uint64_t bytes;
    const char* want;
  } rows[] = {{0, "0 B"},           {320, "320 B"},     {1023, "1023 B"},      {1024, "1 KiB"},
              {1572864, "1.5 MiB"}, {1048575, "1 MiB"}, {1ull << 40, "1 TiB"}, {UINT64_MAX, "16 EiB"}};
  for (const auto& row : rows) EXPECT_EQ(human_bytes(row.bytes), row.want);
}

TEST(Strings, SimilarNamesFindsSlips) {
  const std::vector<std::string> names = {"scrape_interval", "scrape_timeout", "targets", "job_name", "url"};
  EXPECT_THAT(similar_names("scrape_intervall", names), ElementsAre("scrape_interval"));
  EXPECT_THAT(similar_names("tragets", names), ElementsAre("targets"));
  EXPECT_THAT(similar_names("URLs", names), ElementsAre("url"));
  EXPECT_THAT(similar_names("zzzzzz", names), IsEmpty());
  EXPECT_THAT(similar_names("x", names), IsEmpty());
  EXPECT_THAT(similar_names("", names), IsEmpty());
  EXPECT_THAT(similar_names(std::string(1 << 20, 'a'), names), IsEmpty());
}

TEST(Strings, SimilarNamesDifferBehindTheSameFragments) {
  EXPECT_THAT(similar_names("pyroscope.write.w", {"pyroscope.scrape.a", "pyroscope.write.v"}),
              ElementsAre("pyroscope.write.v"));
  EXPECT_THAT(similar_names("pyroscope.scrap", {"pyroscope.scrape", "pyroscope.write"}),
              ElementsAre("pyroscope.scrape"));
  EXPECT_THAT(similar_names("pyroscop.scrape", {"pyroscope.scrape"}), ElementsAre("pyroscope.scrape"));
}

TEST(Strings, ABeginningIsSimilarWhereNothingIsNearer) {
  EXPECT_THAT(similar_names("user", {"username", "url"}), ElementsAre("username"));
  EXPECT_THAT(similar_names("pass", {"password_file", "password"}), ElementsAre("password", "password_file"));
  EXPECT_THAT(similar_names("key", {"key_file"}), IsEmpty());
}

TEST(Strings, SimilarNamesBestFirst) {
  EXPECT_THAT(similar_names("replace", {"replaces", "replace_all", "replce", "keep"}),
              ElementsAre("replaces", "replce"));
}

}  // namespace
}  // namespace invar
