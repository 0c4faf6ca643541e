#include "cluster/hand_over_messages.h"

#include <gtest/gtest.h>

#include "cluster/msgpack.h"
#include "codec/gzip.h"

namespace invar::cluster {
namespace {

TEST(HandOverMessages, ComeBackAsTheyWere) {
  const TakeRequest request{
      "prod", "node-a", "pyroscope.scrape.pods", {"a", std::string(kMostKeyBytes, 'k')}};
  EXPECT_EQ(*decode_take_request(encode(request)), request);
  const TakeAnswer answer{.looked_at = 3, .states = {{0, "x"}, {2, std::string(100'000, '\0')}}};
  const std::string packed = encode_packed(answer);
  EXPECT_LT(packed.size(), 1000U);
  EXPECT_EQ(*decode_take_answer(packed, 3), answer);
  EXPECT_EQ(decode_take_answer(encode_packed({}), 0)->looked_at, 0U);
}

TEST(HandOverMessages, EveryCutIsRefused) {
  const std::string request = encode(TakeRequest{"", "node-a", "c", {"a", "b"}});
  for (std::size_t n = 0; n < request.size(); ++n)
    EXPECT_FALSE(decode_take_request(request.substr(0, n))) << n;
  EXPECT_FALSE(decode_take_request(request + "x"));
  const std::string answer = encode_packed({.looked_at = 2, .states = {{0, "x"}, {1, "y"}}});
  for (std::size_t n = 0; n < answer.size(); ++n)
    EXPECT_FALSE(decode_take_answer(answer.substr(0, n), 2)) << n;
}

TEST(HandOverMessages, WhatIsTooMuchIsRefused) {
  EXPECT_FALSE(decode_take_request(encode({"", "n", "c", std::vector<std::string>(kMostKeys + 1, "k")})));
  EXPECT_FALSE(decode_take_request(encode({"", "n", "c", {std::string(kMostKeyBytes + 1, 'k')}})));
  EXPECT_FALSE(decode_take_answer(encode_packed({.looked_at = 3, .states = {}}), 2))
      << "more than was asked for";
  EXPECT_FALSE(decode_take_answer(encode_packed({.looked_at = 0, .states = {}}), 2)) << "would never end";
  EXPECT_FALSE(decode_take_answer(encode_packed({.looked_at = 1, .states = {{1, "x"}}}), 2)) << "of no key";
  std::string bomb;
  codec::Deflater().gzip(std::string(kMostAnswerBytes + 1, '\0'), bomb);
  EXPECT_FALSE(decode_take_answer(bomb, 2));
}

}  // namespace
}  // namespace invar::cluster
