#include "cluster/announcer.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::cluster {
namespace {

using std::chrono::milliseconds;

TEST(Announcer, TellsOnceASecondAndOfAWayBackToo) {
  async::testing::TestLoop loop;
  int owned = 1;
  Announcer announcer(loop, [] {});
  std::vector<int> heard;
  const auto listening = announcer.listen([&] { heard.push_back(owned); });
  const auto change_to = [&](int now) {
    owned = now;
    announcer.announce();
    loop.advance(milliseconds(300));
  };
  change_to(2);
  EXPECT_EQ(heard, std::vector{2});
  change_to(3);
  const int looked_at_in_between = owned;
  change_to(2);
  EXPECT_EQ(heard, std::vector{2});
  loop.advance(milliseconds(400));
  EXPECT_NE(looked_at_in_between, owned);
  EXPECT_EQ(heard, (std::vector{2, 2})) << "who has looked in between has to look again";
}

}  // namespace
}  // namespace invar::cluster
