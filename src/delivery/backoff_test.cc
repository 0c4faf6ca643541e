#include "delivery/backoff.h"

#include <gtest/gtest.h>

namespace invar::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Backoff, TheFirstTwelveWaitsLieInTheirBounds) {
  const double low[] = {0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256};
  const double high[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
  for (const std::uint64_t random : {std::uint64_t{0}, UINT64_MAX, std::uint64_t{0x123456789abcdef}}) {
    Backoff backoff;
    for (int i = 0; i < 12; ++i) {
      const double wait = std::chrono::duration<double>(backoff.next({}, random)).count();
      EXPECT_GE(wait, low[i]) << i;
      EXPECT_LT(wait, high[i]) << i;
    }
  }
}

TEST(Backoff, WaitsAreExactWhereTheBoundsMeet) {
  Backoff same;
  EXPECT_EQ(same.next({seconds(3), seconds(3), 0}, 77), seconds(3));
  EXPECT_EQ(same.next({seconds(3), seconds(3), 0}, 99), seconds(3));
  Backoff crossed;  // min > max
  EXPECT_EQ(crossed.next({seconds(9), seconds(3), 0}, 77), seconds(9));
  Backoff zero;
  EXPECT_EQ(zero.next({seconds(0), seconds(0), 0}, 77), seconds(0));
}

TEST(Backoff, CountsAttemptsAsTheOriginalDoes) {
  const struct {
    std::int64_t max_retries;
    int attempts;
  } cases[] = {{1, 1}, {3, 3}, {10, 10}, {-1, 1}};
  for (const auto& c : cases) {
    Backoff backoff;
    int attempts = 0;
    do {
      ++attempts;
      (void)backoff.next({milliseconds(1), milliseconds(1), c.max_retries}, 0);
    } while (!backoff.exhausted({milliseconds(1), milliseconds(1), c.max_retries}));
    EXPECT_EQ(attempts, c.attempts);
  }
  Backoff endless;
  for (int i = 0; i < 1000; ++i) (void)endless.next({milliseconds(1), seconds(1), 0}, 0);
  EXPECT_FALSE(endless.exhausted({milliseconds(1), seconds(1), 0}));
}

}  // namespace
}  // namespace invar::delivery
