#include "webapi/verdict.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

// failing, late, waiting, ok, left out
TEST(Verdict, SaysWhatTheDataShow) {
  const Surroundings good{.components = 3, .outlets = 1, .taken = 10, .delivered = 10};
  Surroundings refusing = good, none, receives = good, unhealthy = good, nowhere = good, outside = good;
  refusing.refusing_outlets = 1;
  receives.receives = true;
  unhealthy.unhealthy = 1;
  nowhere.outlets = 0;
  outside.causes = {{.kind = "cluster"}};
  const struct {
    StateCounts counts;
    Surroundings around;
    const char *state, *text;
  } cases[] = {
      {{0, 0, 0, 2, 9}, good, "ok", "All is well: 2 targets are profiled, and what was taken is delivered."},
      {{0, 0, 0, 1, 0}, good, "ok", "All is well: 1 target is profiled, and what was taken is delivered."},
      {{}, receives, "ok", "Profiles are received, and what was taken is delivered."},
      {{3, 0, 0, 7, 0}, good, "failing", "Profiles are arriving, but 3 of 10 targets deliver nothing."},
      {{3, 0, 0, 0, 0}, good, "failing", "No profile arrives: all 3 targets fail."},
      {{1, 0, 0, 0, 0}, good, "failing", "No profile arrives: the one target fails."},
      {{3, 0, 0, 7, 0},
       refusing,
       "failing",
       "Profiles are arriving, but 3 of 10 targets deliver nothing and the one place they go to takes none."},
      {{0, 0, 0, 7, 0}, unhealthy, "failing", "Profiles are arriving, but 1 of 3 components does not work."},
      {{}, outside, "failing", "Profiles are arriving, but this node has no part in the cluster's work."},
      {{0, 2, 0, 7, 0},
       good,
       "late",
       "Profiles are arriving, but 2 targets answer slower than their interval."},
      {{0, 0, 4, 0, 0}, good, "empty", "4 targets wait for the first scrape."},
      {{}, good, "empty", "Nothing is collected yet: there is no target."},
      {{}, none, "empty", "Nothing is collected: the configuration has no components."},
      {{0, 0, 0, 7, 0},
       nowhere,
       "late",
       "Profiles are collected and go nowhere: nothing sends or stores them."},
  };
  for (const auto& each : cases) {
    const Verdict verdict = judge(each.counts, each.around);
    EXPECT_EQ(verdict.state, each.state) << each.text;
    EXPECT_EQ(verdict.text, each.text);
  }
}

}  // namespace
}  // namespace invar::webapi
