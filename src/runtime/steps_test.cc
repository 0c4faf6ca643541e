#include "runtime/steps.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include "async/testing/test_loop.h"

namespace invar::runtime {
namespace {

TEST(Steps, StepsThatEndAtOnceAreNoRecursion) {
  Steps steps;
  std::size_t ran = 0;
  bool ended = false;
  steps.run(
      200'000,
      [&](std::size_t index, async::Task done) {
        EXPECT_EQ(index, ran++);
        done();
      },
      [&] { ended = true; });
  EXPECT_EQ(ran, 200'000U);
  EXPECT_TRUE(ended);
  EXPECT_FALSE(steps.running());
}

TEST(Steps, AStepThatWaitsHoldsUpTheRest) {
  Steps steps;
  std::vector<std::size_t> ran;
  std::optional<async::Task> waiting;
  bool ended = false;
  steps.run(
      4,
      [&](std::size_t index, async::Task done) {
        ran.push_back(index);
        if (index % 2 == 0)
          done();
        else
          waiting = std::move(done);
      },
      [&] { ended = true; });
  EXPECT_EQ(ran, (std::vector<std::size_t>{0, 1}));
  EXPECT_TRUE(steps.running());
  (*std::exchange(waiting, std::nullopt))();
  EXPECT_EQ(ran, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_FALSE(ended);
  (*std::exchange(waiting, std::nullopt))();
  EXPECT_TRUE(ended);
}

TEST(Steps, WhatIsCancelledDoesNotGoOn) {
  std::optional<async::Task> late;
  int ran = 0;
  {
    Steps steps;
    const auto step = [&](std::size_t, async::Task done) {
      ++ran;
      late = std::move(done);
    };
    steps.run(2, step, [] { FAIL() << "it was cancelled"; });
    steps.cancel();
    EXPECT_FALSE(steps.running());
    (*late)();
    EXPECT_EQ(ran, 1);
    steps.run(2, step, [] { FAIL() << "it is destroyed"; });
  }
  (*late)();
  EXPECT_EQ(ran, 2);
}

TEST(Steps, TheEndMayBeginAnother) {
  Steps steps;
  int ran = 0;
  const auto step = [&](std::size_t, async::Task done) {
    ++ran;
    done();
  };
  steps.run(2, step, [&] { steps.run(3, step, [] {}); });
  EXPECT_EQ(ran, 5);
}

}  // namespace
}  // namespace invar::runtime
