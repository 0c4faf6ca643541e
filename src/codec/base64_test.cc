#include "codec/base64.h"

#include <gtest/gtest.h>

namespace invar::codec {
namespace {

TEST(Base64, WhatIsWrittenIsRead) {
  const struct {
    const char* text;
    const char* standard;
    const char* url_safe;
  } rows[] = {{"", "", ""},
              {"f", "Zg==", "Zg=="},
              {"fo", "Zm8=", "Zm8="},
              {"foo", "Zm9v", "Zm9v"},
              {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
              {"\xfb\xff\xfd", "+//9", "-__9"}};
  for (const auto& row : rows) {
    EXPECT_EQ(to_base64(row.text, Base64::kStandard), row.standard);
    EXPECT_EQ(to_base64(row.text, Base64::kUrlSafe), row.url_safe);
    EXPECT_EQ(from_base64(row.standard), row.text);
    EXPECT_EQ(from_base64(row.url_safe, Base64::kUrlSafe), row.text);
  }
  EXPECT_EQ(from_base64("Zm9v\r\nYg\n=\r=\n"), "foob") << "line breaks are skipped";
}

TEST(Base64, SaysWhereItIsWrong) {  // the positions are Go's
  const struct {
    const char* text;
    std::size_t at;
  } rows[] = {{"a", 0},     {"ab", 0},   {"abc", 0},      {"abcde", 4},  {"a_==", 1},
              {"=", 0},     {"a===", 1}, {"ab=", 3},      {"ab=c", 2},   {"ab==c", 4},
              {"abc=d", 4}, {"ab c", 2}, {"abcd====", 4}, {"Z\xff==", 1}};
  for (const auto& row : rows) {
    const auto read = from_base64(row.text);
    ASSERT_FALSE(read) << row.text;
    EXPECT_EQ(read.error(), row.at) << row.text;
  }
  EXPECT_FALSE(from_base64("+w==", Base64::kUrlSafe));
}

}  // namespace
}  // namespace invar::codec
