#include "delivery/send_gate.h"

#include <gtest/gtest.h>

namespace invar::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SendGateTest : public ::testing::Test {
 protected:
  // One push is sent and comes back so.
  void trouble() { ++flight_, gate_.on_trouble(flight_, flight_, now_, backoff_); }
  void hold() {
    ++flight_, gate_.on_hold(flight_, flight_, now_, backoff_, [] { return std::uint64_t{0}; });
  }
  [[nodiscard]] Duration pause() const {
    return gate_.closed(now_) ? gate_.closed_until() - now_ : Duration::zero();
  }

  BackoffSettings backoff_{.min = milliseconds(500), .max = minutes(5)};
  async::TimePoint now_{seconds(1000)};
  std::uint64_t flight_ = 0;
  SendGate gate_;
};

TEST_F(SendGateTest, ProbesBehindAGrowingGateFromTheSecondFailedRoundOn) {
  EXPECT_EQ(gate_.limit(), 8u);
  trouble();
  EXPECT_FALSE(gate_.probing());
  EXPECT_EQ(pause(), Duration::zero());
  for (const Duration expected :
       {milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(4000), milliseconds(8000),
        milliseconds(15000), milliseconds(15000)}) {
    now_ = std::max(now_, gate_.closed_until());
    trouble();
    EXPECT_EQ(gate_.limit(), 1u);
    EXPECT_EQ(pause(), expected);
  }
  gate_.on_success();
  EXPECT_FALSE(gate_.probing());
  EXPECT_EQ(pause(), Duration::zero());
}

TEST_F(SendGateTest, WhatWasUnderWayTogetherIsOneRound) {
  for (std::uint64_t flight = 1; flight <= 8; ++flight) gate_.on_trouble(flight, 8, now_, backoff_);
  EXPECT_FALSE(gate_.probing());
  gate_.on_trouble(9, 9, now_, backoff_);
  EXPECT_TRUE(gate_.probing());
}

TEST_F(SendGateTest, ARefusalIsNoTrouble) {
  trouble();
  gate_.on_refusal();
  trouble();
  EXPECT_FALSE(gate_.probing());
}

TEST_F(SendGateTest, ARetryAfterClosesItInEveryState) {
  gate_.on_retry_after(now_, seconds(7));
  EXPECT_EQ(pause(), Duration(seconds(7)));
  EXPECT_FALSE(gate_.probing());
  gate_.on_retry_after(now_, seconds(3));  // never sooner
  EXPECT_EQ(pause(), Duration(seconds(7)));
  gate_.on_success();  // of a push that was under way: the server's wish stands
  EXPECT_EQ(pause(), Duration(seconds(7)));
  gate_.reopen();
  EXPECT_EQ(pause(), Duration::zero());
}

TEST_F(SendGateTest, HeldItAsksOneAtATimeAndEverMoreRarely) {
  for (const Duration expected :
       {milliseconds(500), milliseconds(1000), milliseconds(2000), milliseconds(4000), milliseconds(8000),
        milliseconds(16000), milliseconds(32000)}) {
    hold();
    EXPECT_EQ(gate_.limit(), 1u);
    EXPECT_EQ(pause(), expected);
    now_ = gate_.closed_until();
  }
  // Refused for what it is: the credentials pass, but only a success opens the gate.
  hold();
  gate_.on_refusal();
  EXPECT_EQ(pause(), Duration(seconds(32)));
  gate_.on_success();
  EXPECT_EQ(pause(), Duration::zero());
  hold();
  EXPECT_EQ(pause(), Duration(milliseconds(500)));  // begins anew
}

TEST_F(SendGateTest, AHoldThatWasUnderWayDoesNotDoubleThePause) {
  const auto none = [] { return std::uint64_t{0}; };
  for (std::uint64_t flight = 1; flight <= 8; ++flight) gate_.on_hold(flight, 8, now_, backoff_, none);
  EXPECT_EQ(pause(), Duration(milliseconds(500)));
}

}  // namespace
}  // namespace invar::delivery
