#include "queue/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UnixNanos second(std::int64_t n) {
  return n * 1'000'000'000;
}

std::vector<SegmentInfo> three_segments() {
  return {{100, {{1, second(10)}, {2, second(20)}}},
          {100, {{3, second(15)}, {5, second(30)}}},
          {50, {{6, second(40)}}}};
}

TEST(Retention, NothingGoesWhileEverythingFits) {
  const auto segments = three_segments();
  const auto plan = plan_retention(segments, {.max_bytes = 300, .max_age = 1h}, second(50), 50);
  EXPECT_THAT(plan.expired, IsEmpty());
  EXPECT_THAT(plan.evicted, IsEmpty());
}

TEST(Retention, OldRecordsExpireWhereverTheyAre) {
  const auto segments = three_segments();
  const auto plan = plan_retention(segments, {.max_age = 30s}, second(46), 0);  // older than second 16
  EXPECT_THAT(plan.expired, ElementsAre(1, 3));
  EXPECT_THAT(plan.evicted, IsEmpty());
}

TEST(Retention, OldestSegmentsMakeRoom) {
  const auto segments = three_segments();
  EXPECT_THAT(plan_retention(segments, {.max_bytes = 250}, second(50), 1).evicted, ElementsAre(1, 2));
  EXPECT_THAT(plan_retention(segments, {.max_bytes = 250}, second(50), 101).evicted, ElementsAre(1, 2, 3, 5));
}

TEST(Retention, ExpiryThatEmptiesASegmentComesBeforeEviction) {
  const auto segments = three_segments();
  const auto plan =
      plan_retention(segments, {.max_bytes = 200, .max_age = 25s}, second(46), 50);  // older than second 21
  EXPECT_THAT(plan.expired, ElementsAre(1, 2, 3));
  EXPECT_THAT(plan.evicted, IsEmpty());  // the first segment goes with its records
}

TEST(Retention, WhatCanNeverFitEvictsNothing) {
  const auto segments = three_segments();
  EXPECT_THAT(plan_retention(segments, {.max_bytes = 200}, second(50), 201).evicted, IsEmpty());
}

TEST(Retention, AnEmptyQueueAndTheBeginningOfTime) {
  EXPECT_THAT(plan_retention({}, {.max_bytes = 0, .max_age = 1s}, 0, 0).expired, IsEmpty());
  const std::vector<SegmentInfo> one = {{10, {{1, 0}}}};
  EXPECT_THAT(plan_retention(one, {.max_age = 1h}, INT64_MIN, 0).expired, IsEmpty());
}

}  // namespace
}  // namespace invar::queue
