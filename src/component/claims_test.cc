#include "component/claims.h"

#include <vector>

#include <gtest/gtest.h>
#include "async/testing/test_loop.h"

namespace invar::component {
namespace {

class ClaimsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Claim> take(const std::string& thing, const std::string& who) {
    return claims_.take(thing, who, [this, who] { told_.push_back(who); });
  }

  async::testing::TestLoop loop_;
  Claims claims_{loop_};
  std::vector<std::string> told_;
};

using Names = std::vector<std::string>;

TEST_F(ClaimsTest, WhatNobodyHasIsHeldAtOnceAndWithoutACall) {
  const auto claim = take("folder /a", "first");
  const auto other = take("folder /b", "second");
  EXPECT_TRUE(claim->held());
  EXPECT_TRUE(other->held());
  EXPECT_EQ(claim->holder(), "first");
  loop_.run_until_idle();
  EXPECT_EQ(told_, Names{});
}

TEST_F(ClaimsTest, WhoWaitsIsToldInTheOrderOfTheLine) {
  auto first = take("address :80", "first");
  auto second = take("address :80", "second");
  auto third = take("address :80", "third");
  EXPECT_FALSE(second->held());
  EXPECT_EQ(second->holder(), "first");

  first.reset();
  EXPECT_TRUE(second->held());
  loop_.run_until_idle();
  EXPECT_EQ(told_, Names{"second"});

  second.reset();
  loop_.run_until_idle();
  EXPECT_EQ(told_, (Names{"second", "third"}));
  EXPECT_EQ(third->holder(), "third");
}

TEST_F(ClaimsTest, WhetherTheHolderRunsIsKnownToTheLine) {
  auto first = take("x", "first");
  auto second = take("x", "second");
  second->started();
  EXPECT_FALSE(second->holder_started());
  first->started();
  EXPECT_TRUE(second->holder_started());
}

TEST_F(ClaimsTest, WhoLeavesTheLineIsNotTold) {
  auto first = take("x", "first");
  auto second = take("x", "second");
  auto third = take("x", "third");
  second.reset();
  first.reset();
  third.reset();  // between being the holder and being told
  loop_.run_until_idle();
  EXPECT_EQ(told_, Names{});
  EXPECT_TRUE(take("x", "fourth")->held());
}

TEST_F(ClaimsTest, AThingThatWasGivenBackAndTakenAgainHasANewLine) {
  auto first = take("x", "first");
  auto second = take("x", "second");
  first.reset();
  first = take("x", "first again");
  loop_.run_until_idle();
  EXPECT_EQ(told_, Names{"second"});
  second.reset();
  loop_.run_until_idle();
  EXPECT_EQ(told_, (Names{"second", "first again"}));
}

TEST_F(ClaimsTest, ACallbackMayGiveTheThingBack) {
  auto first = take("x", "first");
  std::unique_ptr<Claim> second;
  second = claims_.take("x", "second", [&] { second.reset(); });
  auto third = take("x", "third");
  first.reset();
  loop_.run_until_idle();
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(told_, Names{"third"});
}

}  // namespace
}  // namespace invar::component
