#include "cluster/packet.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cluster/frame.h"
#include "cluster/lzw.h"
#include "cluster/msgpack.h"
#include "cluster/testing/hex.h"

namespace invar::cluster {
namespace {

using testing::from_hex;

const std::string kUser =
    from_hex("0812010183a84e6f64654e616d65a66e6f64652d61a84e6577537461746501a454696d6505");

std::string compressed(std::string_view lzw) {
  std::string out(1, '\t');
  MsgpackWriter writer(out);
  writer.map(2);
  writer.raw("Algo");
  writer.number(0);
  writer.raw("Buf");
  writer.raw(lzw);
  return out;
}

TEST(Frame, VectorBothWays) {
  std::string frame;
  append_frame(frame, kUser);
  EXPECT_EQ(hex(frame), "cc0025" + hex(kUser));
  FrameReader reader(1 << 20);
  std::string data;
  for (const char c : frame.substr(0, frame.size() - 1)) {
    reader.feed({&c, 1});
    EXPECT_EQ(reader.next(data), FrameReader::Next::kNeedsMore);
  }
  reader.feed(frame.substr(frame.size() - 1) + frame);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(reader.next(data), FrameReader::Next::kFrame);
    EXPECT_EQ(data, kUser);
  }
  EXPECT_TRUE(reader.between_frames());
}

TEST(Frame, LongOnesHaveFourBytesOfLength) {
  const std::string large(70'000, 'x');
  std::string frame, data;
  append_frame(frame, large);
  EXPECT_EQ(hex(frame.substr(0, 5)), "cd00011170");
  FrameReader reader(large.size());
  reader.feed(frame);
  EXPECT_EQ(reader.next(data), FrameReader::Next::kFrame);
  EXPECT_EQ(data, large);
  FrameReader small(large.size() - 1);
  small.feed(frame.substr(0, 5));
  EXPECT_EQ(small.next(data), FrameReader::Next::kBad) << "refused by its length alone";
  FrameReader other(10);
  other.feed("x");
  EXPECT_EQ(other.next(data), FrameReader::Next::kBad);
}

TEST(Packet, LabelIsAllOrNothing) {
  EXPECT_EQ(hex(label_header("prod")), "f40470726f64");
  EXPECT_EQ(pack("prod", {kUser}), label_header("prod") + kUser);
  EXPECT_EQ((*unpack("prod", pack("prod", {kUser}))), std::vector{kUser});
  EXPECT_FALSE(unpack("prod", kUser));
  EXPECT_FALSE(unpack("", pack("prod", {kUser})));
  EXPECT_FALSE(unpack("test", pack("prod", {kUser})));
  for (std::size_t length = 0; length < 6; ++length)
    EXPECT_FALSE(unpack("prod", label_header("prod").substr(0, length))) << length;
}

TEST(Packet, SeveralMessagesInOne) {
  const std::vector<std::string> messages = {kUser, "\2\x80", kUser};
  EXPECT_EQ(hex(pack("", messages).substr(0, 8)), "0703002500020025");
  EXPECT_EQ(*unpack("", pack("", messages)), messages);
  const std::string whole = pack("", messages);
  for (std::size_t length = 1; length < whole.size(); ++length)
    EXPECT_FALSE(unpack("", whole.substr(0, length))) << length;
  EXPECT_FALSE(unpack("", pack("", {whole, kUser}))) << "several in several";
}

TEST(Packet, ChecksumIsVerified) {
  EXPECT_EQ(*unpack("", from_hex("0cde25ee5a") + kUser), std::vector{kUser});
  EXPECT_FALSE(unpack("", from_hex("0cde25ee5b") + kUser));
  EXPECT_FALSE(unpack("", from_hex("0cde25")));
}

TEST(Packet, CompressedOnes) {
  EXPECT_EQ((*unpack("", compressed(from_hex("00c3081c283020")))), std::vector<std::string>{"aaaaaaaa"});
  EXPECT_FALSE(unpack("", compressed(from_hex("00c3081c2830")))) << "without its end";
  EXPECT_FALSE(unpack("", from_hex("0982a4416c676f01a342756680"))) << "another algorithm";
}

TEST(Lzw, VectorsOfTheReference) {
  EXPECT_EQ(*lzw_decompress(from_hex("00c3081c283020"), 100), "aaaaaaaa");
  EXPECT_EQ(*lzw_decompress(from_hex("00d19461c3e60d0881040d222c1810"), 100), "hello hello hello");
  EXPECT_FALSE(lzw_decompress(from_hex("00c3081c283020"), 7)) << "too large";
  EXPECT_FALSE(lzw_decompress("", 100));
  EXPECT_FALSE(lzw_decompress(from_hex("00ffff"), 100)) << "a code that stands for nothing";
}

// Codes of every width, and the table cleared at code 4095: what Go's encoder writes, from the lowest bit on.
class Encoder {
 public:
  static std::string of(std::string_view text) {
    Encoder e;
    e.put(256);
    std::map<std::string, unsigned> table;
    std::string current;
    const auto code_of = [&](const std::string& s) {
      return s.size() == 1 ? static_cast<unsigned char>(s[0]) : table.at(s);
    };
    for (const char c : text) {
      if (current.empty() || table.contains(current + c)) {
        current += c;
        continue;
      }
      e.put(code_of(current));
      if (e.count()) {
        table.clear();
      } else {
        table[current + c] = e.highest_;
      }
      current = c;
    }
    if (!current.empty()) e.put(code_of(current)), (void)e.count();
    e.put(257);
    if (e.have_ > 0) e.out_ += static_cast<char>(e.bits_);
    return e.out_;
  }

 private:
  void put(unsigned code) {
    bits_ |= static_cast<std::uint64_t>(code) << have_;
    for (have_ += width_; have_ >= 8; have_ -= 8, bits_ >>= 8) out_ += static_cast<char>(bits_);
  }
  bool count() {
    if (++highest_ == 1U << width_) ++width_;
    if (highest_ != 4095) return false;
    put(256);
    width_ = 9;
    highest_ = 257;
    return true;
  }
  std::string out_;
  std::uint64_t bits_ = 0;
  unsigned have_ = 0, width_ = 9, highest_ = 257;
};

TEST(Lzw, AllWidthsAndClearedTables) {
  EXPECT_EQ(hex(Encoder::of("hello hello hello")), "00d19461c3e60d0881040d222c1810");
  std::string text;
  std::uint32_t random = 1;
  for (int i = 0; i < 60'000; ++i) {
    random = random * 1664525 + 1013904223;
    text += static_cast<char>('a' + (random >> 24) % 11);
  }
  text += std::string(20'000, 'z');
  for (const std::size_t length : {1UL, 2UL, 300UL, 3000UL, 9000UL, text.size()}) {
    const auto back = lzw_decompress(Encoder::of(text.substr(0, length)), text.size());
    ASSERT_TRUE(back) << length;
    EXPECT_EQ(*back, text.substr(0, length));
  }
}

}  // namespace
}  // namespace invar::cluster
