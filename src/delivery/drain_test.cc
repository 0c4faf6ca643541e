#include "delivery/drain.h"

#include <gtest/gtest.h>

namespace invar::delivery {
namespace {

using namespace std::chrono_literals;
constexpr auto kGiveUp = Drain::Rest::kGiveUp;
constexpr auto kLeave = Drain::Rest::kLeaveOnDisk;

TEST(Drain, TableOfWhenItIsOver) {
  const struct {
    Drain::Rest rest;
    Duration within;
    Drain::State now;
    bool over;
    const char* why;
  } rows[] = {
      {kGiveUp, 1s, {}, false, "profiles wait"},
      {kGiveUp, 1s, {.delivered = true}, true, "nothing is left to do"},
      {kGiveUp, 1s, {.all_stored = true}, false, "what is dropped at the end is tried to the end"},
      {kGiveUp, 1s, {.server_takes = true, .all_stored = true}, false, "pushes go on"},
      {kLeave, 1s, {.delivered = true, .server_takes = true}, true, "nothing is left to do"},
      {kLeave, 1s, {.server_takes = true, .all_stored = true}, false, "a push may help yet"},
      {kLeave, 1s, {.all_stored = true}, true, "no push helps, and all is safe"},
      {kLeave, 1s, {}, false, "the disk has not all of it"},
      {kLeave, 0s, {.server_takes = true, .all_stored = true}, true, "no time was given for pushes"},
      {kLeave, 0s, {.server_takes = true}, false, "the disk gets its grace"},
  };
  for (const auto& row : rows) EXPECT_EQ(Drain(row.rest, row.within).over(row.now), row.over) << row.why;
}

TEST(Drain, TakesSoLongAtMost) {
  EXPECT_EQ(Drain(kGiveUp, 2s).longest(), 2s);
  EXPECT_EQ(Drain(kGiveUp, 0s).longest(), 0s);
  EXPECT_EQ(Drain(kLeave, 2s).longest(), 2s);
  EXPECT_EQ(Drain(kLeave, 0s).longest(), Drain::kSaveGrace);
}

TEST(Drain, WhatIsLeftThenIsDroppedOrStays) {
  EXPECT_EQ(Drain(kGiveUp, 1s).end_of_rest(), End::kDropped);
  EXPECT_EQ(Drain(kLeave, 1s).end_of_rest(), End::kLeft);
}

}  // namespace
}  // namespace invar::delivery
