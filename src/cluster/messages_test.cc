#include "cluster/messages.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cluster/packet.h"
#include "cluster/testing/hex.h"

namespace invar::cluster {
namespace {

using testing::from_hex;

const Address kHere = *parse_address("10.0.0.1:12345");

// The vectors of clustering.md 4, 6 and 8, made by the reference.
struct Vector {
  const char* hex;
  Message message;
};
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = {
      {"0085a55365714e6f07a44e6f6465a66e6f64652d62aa536f7572636541646472a40a000001"
       "aa536f75726365506f7274cd3039aa536f757263654e6f6465a66e6f64652d61",
       Ping{7, "node-b", kHere, "node-a"}},
      {"0282a55365714e6f07a75061796c6f6164c0", Ack{7}},
      {"0486ab496e6361726e6174696f6e01a44e6f6465a66e6f64652d61a441646472a40a000001"
       "a4506f7274cd3039a44d657461c0a356736ea6010502000000",
       Alive{1, "node-a", kHere, "", kOurVersions}},
      {"0583ab496e6361726e6174696f6e01a44e6f6465a66e6f64652d61a446726f6da66e6f64652d61",
       Dead{1, "node-a", "node-a"}},
  };
  return all;
}

TEST(Messages, VectorsOfTheReferenceBothWays) {
  for (const auto& [bytes, message] : vectors()) {
    EXPECT_EQ(hex(encode(message)), hex(from_hex(bytes)));
    const auto decoded = decode(from_hex(bytes));
    ASSERT_TRUE(decoded) << bytes;
    EXPECT_EQ(*decoded, message);
  }
}

TEST(Messages, EveryKindSurvivesTheWire) {
  for (const Message& message :
       std::vector<Message>{Ping{1, "b", {}, ""}, IndirectPing{2, kHere, "b", true, kHere, "a"}, Nack{70000},
                            Suspect{4000000000, "b", "a"}, User{std::string("\0x", 2)},
                            Alive{3, "six", *parse_address("[fd00::7]:80"), "meta", {2, 2, 2, 1, 1, 1}}}) {
    const auto decoded = decode(encode(message));
    ASSERT_TRUE(decoded) << message.index();
    EXPECT_EQ(*decoded, message);
  }
}

TEST(Messages, CutAnywhereTheyAreRefused) {
  for (const auto& [bytes, message] : vectors()) {
    const std::string whole = from_hex(bytes);
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_FALSE(decode(whole.substr(0, length))) << bytes << " " << length;
  }
}

TEST(Messages, UnknownFieldsAreSkippedAndOtherWidthsTaken) {
  // SeqNo as u64, an unknown map of arrays, Node as str8.
  const auto decoded =
      decode(from_hex("0083a55365714e6fcf0000000000000007a3666f6f81a161920102a44e6f6465d90162"));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, Message(Ping{7, "b", {}, ""}));
}

TEST(Messages, WhatNoNodeSaysIsRefused) {
  for (const char* bytes : {
           "0082a55365714e6fff",                  // a negative number
           "0081a55365714e6fcf0000000100000000",  // a number too wide for its field
           "00dfffffffff",                        // four milliards of fields
           "0081a44e6f6465dbffffffff",            // a name of as many bytes
           "0486ab496e6361726e6174696f6e01a44e6f6465a16ea441646472a10aa4506f727401a44d657461c0a356736ea601050"
           "2000000",
           "2a80",  // a kind that there is not
       })
    EXPECT_FALSE(decode(from_hex(bytes))) << bytes;
  std::string deep = "\x81\xa1x";
  for (int i = 0; i < 100; ++i) deep += '\x91';
  EXPECT_FALSE(decode(std::string(1, '\0') + deep + '\1')) << "nested without end";
}

TEST(Messages, StateVector) {
  const StateMessage state{"node-a", NodeState::kParticipant, 5};
  const std::string bytes =
      from_hex("12010183a84e6f64654e616d65a66e6f64652d61a84e6577537461746501a454696d6505");
  EXPECT_EQ(hex(encode(state)), hex(bytes));
  EXPECT_EQ(*decode_state(bytes), state);
  EXPECT_FALSE(decode_state(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_state(from_hex("12010183a84e6f64654e616d65a16ea84e6577537461746503a454696d6505")))
      << "state 3";
}

TEST(Messages, Addresses) {
  EXPECT_EQ(parse_address("[fd00::1]:80")->text(), "[fd00::1]:80");
  EXPECT_EQ((Address{from_hex("00000000000000000000ffff0a000001"), 80}.text()), "10.0.0.1:80");
  EXPECT_EQ((Address{"xyz", 80}.text()), "");
  for (const char* bad : {"", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:70000", "name:80", "10.0.0:1"})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

const char* const kJoin =
    "0683a54e6f64657301ac5573657253746174654c656e3ba44a6f696ec3"
    "87a44e616d65a66e6f64652d61a441646472a40a000001a4506f7274cd3039a44d657461c0"
    "ab496e6361726e6174696f6e01a5537461746500a356736ea6010502000000"
    "82ab43757272656e7454696d6505aa4e6f64655374617465739183a84e6f64654e616d65a66e6f64652d61"
    "a84e6577537461746501a454696d6505";

TEST(Exchange, VectorOfTheReferenceBothWays) {
  const StateList states{5, {{"node-a", NodeState::kParticipant, 5}}};
  const Exchange exchange{true, {{"node-a", kHere, "", 1, Liveness::kAlive, kOurVersions}}, encode(states)};
  EXPECT_EQ(hex(encode(exchange)), hex(from_hex(kJoin)));
  const auto read = read_exchange("", from_hex(kJoin));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, exchange);
  EXPECT_EQ(*decode_states((*read)->user_state), states);
}

TEST(Exchange, WaitsForTheRestAtEveryByte) {
  const std::string whole = label_header("prod") + from_hex(kJoin);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto read = read_exchange("prod", whole.substr(0, length));
    ASSERT_TRUE(read) << length << " " << read.error().message;
    EXPECT_FALSE(*read) << length;
  }
  EXPECT_TRUE(*read_exchange("prod", whole));
}

TEST(Exchange, RefusesOtherClustersErrorsAndLengthsWithoutBound) {
  EXPECT_FALSE(read_exchange("prod", from_hex(kJoin)));
  EXPECT_FALSE(read_exchange("", label_header("prod") + from_hex(kJoin)));
  EXPECT_FALSE(read_exchange("test", label_header("prod") + from_hex(kJoin)));
  const auto refused = read_exchange("", from_hex("0d81a54572726f72a4627573 79"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the peer refused: busy");
  EXPECT_FALSE(
      read_exchange("", from_hex("0683a54e6f646573ceffffffffac5573657253746174654c656e00a44a6f696ec2")));
  EXPECT_FALSE(
      read_exchange("", from_hex("0683a54e6f64657300ac5573657253746174654c656eceffffffffa44a6f696ec2")));
  EXPECT_FALSE(read_exchange("", "\x2a")) << "another kind of stream";
}

}  // namespace
}  // namespace invar::cluster
