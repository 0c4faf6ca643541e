#include "codec/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace invar::codec {
namespace {

TEST(Hash, KnownValues) {
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32c(""), 0u);  // RFC 3720 B.4
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
}

TEST(Hash, ContinuesWhereItStopped) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const std::string_view whole = text, head = whole.substr(0, whole.size() / 3),
                           tail = whole.substr(head.size());
    EXPECT_EQ(crc32(tail, crc32(head)), crc32(whole));
    EXPECT_EQ(crc32c(tail, crc32c(head)), crc32c(whole));
    EXPECT_EQ(fnv1a(tail, fnv1a(head)), fnv1a(whole));
    text.push_back(static_cast<char>(i * 7));
  }
}

}  // namespace
}  // namespace invar::codec
