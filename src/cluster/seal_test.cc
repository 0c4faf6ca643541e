#include "cluster/seal.h"

#include <gtest/gtest.h>

namespace invar::cluster {
namespace {

using Kind = Seal::Kind;
constexpr UnixNanos kNow = 1'700'000'000'000'000'000;
constexpr UnixNanos kMinute = 60'000'000'000;

std::string why_not(const Seal& seal, Kind kind, std::string_view sealed, UnixNanos now = kNow) {
  const auto opened = seal.open(kind, sealed, now);
  return opened ? "opened" : opened.error().message;
}

TEST(Seal, OpensWhatWasClosedWithTheSameSecret) {
  const Seal seal("a long common secret");
  for (const std::string& bytes : {std::string(), std::string("packet"), std::string(100'000, '\0')}) {
    const std::string sealed = seal.close(Kind::kPacket, bytes, kNow);
    EXPECT_EQ(*Seal("a long common secret").open(Kind::kPacket, sealed, kNow + 4 * kMinute), bytes);
  }
}

TEST(Seal, StrangersAndOldMessagesAreRefused) {
  const Seal seal("a long common secret");
  const std::string sealed = seal.close(Kind::kPacket, "packet", kNow);
  EXPECT_EQ(why_not(Seal("another long secret!"), Kind::kPacket, sealed),
            "the message was sealed with another secret");
  EXPECT_EQ(why_not(seal, Kind::kPacket, "\x08 of a node without"),
            "the message has no seal: its sender has no --cluster.secret-file");
  EXPECT_EQ(why_not(seal, Kind::kAnswer, sealed), "the message is of another kind");
  for (const UnixNanos now : {kNow + 6 * kMinute, kNow - 6 * kMinute})
    EXPECT_EQ(why_not(seal, Kind::kPacket, sealed, now),
              "the message was sealed more than 5 minutes ago, or the clocks of the nodes differ");
  EXPECT_EQ(why_not(seal, Kind::kPacket, sealed + "x"), "something follows the message");
}

TEST(Seal, EveryChangedByteAndEveryCutIsSeen) {
  const Seal seal("a long common secret");
  const std::string sealed = seal.close(Kind::kRequest, "exchange", kNow);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(why_not(seal, Kind::kRequest, changed), "opened") << i;
    EXPECT_EQ(why_not(seal, Kind::kRequest, sealed.substr(0, i)), "the message is cut off") << i;
  }
}

TEST(Seal, AStreamIsReadAsItComesAndHasABound) {
  const Seal seal("a long common secret");
  const std::string sealed = seal.close(Kind::kRequest, "exchange", kNow);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    const auto part = seal.open_part(Kind::kRequest, std::string_view(sealed).substr(0, i), kNow, 100);
    ASSERT_TRUE(part) << i;
    EXPECT_FALSE(*part) << i;
  }
  EXPECT_EQ(**seal.open_part(Kind::kRequest, sealed, kNow, 100), "exchange");
  EXPECT_FALSE(seal.open_part(Kind::kRequest, sealed, kNow, 7));
}

}  // namespace
}  // namespace invar::cluster
