#include "queue/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace invar::queue {
namespace {

TEST(Crc32c, KnownValues) {  // RFC 3720 B.4
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(Crc32c, BothWaysAgreeAndContinue) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(crc32c(text), crc32c_portable(text));
    const std::string_view whole = text;
    EXPECT_EQ(crc32c(whole.substr(whole.size() / 3), crc32c(whole.substr(0, whole.size() / 3))),
              crc32c(whole));
    text.push_back(static_cast<char>(i * 7));
  }
}

}  // namespace
}  // namespace invar::queue
