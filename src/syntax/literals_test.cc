#include <gtest/gtest.h>

#include <string>

#include "syntax/parser.h"

namespace invar::syntax {
namespace {

using namespace std::string_literals;

TEST(Unquote, ProcessesEveryEscape) {
  const std::pair<std::string, std::string> rows[] = {
      {R"("")", ""},
      {R"("plain")", "plain"},
      {R"("\a\b\f\n\r\t\v\\\"")", "\a\b\f\n\r\t\v\\\""},
      {R"("\101\377\000x")", "A\xFF\0x"s},
      {R"("\x41\xfF\xC3")", "A\xFF\xC3"},
      {R"("\u00e9\u20AC")", "\xC3\xA9\xE2\x82\xAC"},
      {R"("\U0001F600z")", "\xF0\x9F\x98\x80z"},
      {"\"a\tb\"", "a\tb"},
      {"`raw \\n \" text`", "raw \\n \" text"},
      {"`a\r\nb`", "a\nb"},
  };
  for (const auto& [text, value] : rows) EXPECT_EQ(unquote(text), value) << text;
}

TEST(Identifier, LettersThenDigits) {
  for (const char* good : {"a", "_", "a1", "_9", "\xE5\x90\x8D", "a\xD9\xA3", "True"}) {
    EXPECT_TRUE(is_valid_identifier(good)) << good;
  }
  for (const char* bad :
       {"", "1a", "a-b", "a.b", "a b", "true", "false", "null", "\xD9\xA3", "a\xFF", "a\xE2\x82\xAC"}) {
    EXPECT_FALSE(is_valid_identifier(bad)) << bad;
  }
}

TEST(Encoding, OnlyUtf8IsConfiguration) {
  EXPECT_TRUE(check_encoding("").has_value());
  EXPECT_TRUE(check_encoding("a = \"\xC3\xA9\"").has_value());
  EXPECT_TRUE(check_encoding("\xEF\xBB\xBF"
                             "a = 1")
                  .has_value());
  const std::pair<std::string, std::string> rows[] = {
      {"\xFF\xFE"s + "a\0"s, "configuration is encoded with UTF16LittleEndian but must be utf8"},
      {"\xFE\xFF\0a"s, "configuration is encoded with UTF16BigEndian but must be utf8"},
      {"\xFF\xFE\0\0a"s, "configuration is encoded with UTF32LittleEndian but must be utf8"},
      {"\0\0\xFE\xFF\0"s, "configuration is encoded with UTF32BigEndian but must be utf8"},
      {"a = \xC3", "unknown encoding for config"},
  };
  for (const auto& [bytes, message] : rows) {
    const Result<> result = check_encoding(bytes);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().message, message);
  }
}

}  // namespace
}  // namespace invar::syntax
