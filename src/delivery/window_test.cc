#include "delivery/window.h"

#include <gtest/gtest.h>

namespace invar::delivery {
namespace {

TEST(WindowTest, GrowsSlowlyAndHalvesOncePerRound) {
  Window window;
  EXPECT_EQ(window.limit(), 8u);
  EXPECT_TRUE(window.on_congestion(3, 8));
  EXPECT_FALSE(window.on_congestion(5, 9));  // was under way already
  EXPECT_EQ(window.limit(), 4u);
  EXPECT_TRUE(window.on_congestion(9, 9));
  EXPECT_TRUE(window.on_congestion(10, 10));
  EXPECT_TRUE(window.on_congestion(11, 11));
  EXPECT_EQ(window.limit(), 1u);
  for (int i = 0; i < 2000; ++i) window.on_success();
  EXPECT_EQ(window.limit(), 32u);
}

TEST(WindowTest, IsSoonBackWhereItWasAfterAnOutage) {
  Window window;
  for (int i = 0; i < 200; ++i) window.on_success();
  const std::size_t before = window.limit();
  for (std::uint64_t flight = 1; flight < 10; ++flight) window.on_congestion(flight, flight);
  EXPECT_EQ(window.limit(), 1u);
  for (int i = 0; i < 5; ++i) window.on_success();
  EXPECT_NEAR(static_cast<double>(window.limit()), static_cast<double>(before) / 2, 1);
}

}  // namespace
}  // namespace invar::delivery
