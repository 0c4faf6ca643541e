#include "base/last_durations.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(LastDurations, TellHowLongMostWere) {
  LastDurations last;
  EXPECT_TRUE(last.empty());
  last.add(milliseconds(7));
  EXPECT_EQ(last.at(0.5), milliseconds(7));
  EXPECT_EQ(last.at(0.99), milliseconds(7));
  for (int i = 1; i < 100; ++i) last.add(milliseconds(i == 50 ? 900 : 2));
  EXPECT_EQ(last.at(0.5), milliseconds(2));
  EXPECT_EQ(last.at(0.98), milliseconds(2));
  EXPECT_EQ(last.at(0.99), milliseconds(7));
  EXPECT_EQ(last.at(1), milliseconds(900));
}

TEST(LastDurations, ForgetTheOldest) {
  LastDurations last;
  last.add(milliseconds(900));
  for (std::size_t i = 0; i < LastDurations::kKept; ++i) last.add(milliseconds(2));
  EXPECT_EQ(last.at(1), milliseconds(2));
}

TEST(LastDurations, KeepWhatIsOutOfBoundsAtTheBound) {
  LastDurations last;
  last.add(hours(30));
  last.add(milliseconds(-1));
  EXPECT_EQ(last.at(1), hours(1));
  EXPECT_EQ(last.at(0), milliseconds(0));
}

}  // namespace
}  // namespace invar
