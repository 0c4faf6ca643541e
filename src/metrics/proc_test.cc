#include "metrics/proc.h"

#include <gtest/gtest.h>

namespace invar::metrics {
namespace {

TEST(Proc, StatSurvivesAnyProgramName) {
  const auto stat = parse_process_stat(
      "4242 (we (ird) 1 2) S 1 4242 4242 0 -1 4194560 1 0 0 0 77 33 0 0 20 0 9 0 123456 987654321 2500 "
      "18446744073709551615 1\n");
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->user_ticks, 77u);
  EXPECT_EQ(stat->system_ticks, 33u);
  EXPECT_EQ(stat->start_ticks, 123456u);
  EXPECT_EQ(stat->virtual_bytes, 987654321u);
  EXPECT_EQ(stat->resident_pages, 2500u);
  for (const char* bad :
       {"", "1 (x", "1 (x) S 1 2 3", "1 (x) S a b c d e f g h i j k l m n o p q r s t u v w x y z"}) {
    EXPECT_FALSE(parse_process_stat(bad).has_value()) << bad;
  }
}

TEST(Proc, BootTime) {
  EXPECT_EQ(parse_boot_time("cpu  1 2 3\nctxt 5\nbtime 1700000000\nprocesses 7\n"), 1700000000.0);
  EXPECT_EQ(parse_boot_time("cpu 1\n"), std::nullopt);
}

TEST(Proc, NetworkTrafficIsTheSumOverInterfaces) {
  const auto traffic = parse_network_devices(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
      "colls carrier compressed\n"
      "    lo:    1000       5    0    0    0     0          0         0     1000       5    0    0    0     "
      "0       0          0\n"
      "  eth0:   20000      50    0    0    0     0          0         0      300       5    0    0    0     "
      "0       0          0\n"
      "eth0:1:     400      50    0    0    0     0          0         0        7       5    0    0    0     "
      "0       0          0\n");
  ASSERT_TRUE(traffic.has_value());
  EXPECT_EQ(traffic->received_bytes, 21400u);
  EXPECT_EQ(traffic->sent_bytes, 1307u);
  EXPECT_FALSE(parse_network_devices("nothing here\n").has_value());
}

}  // namespace
}  // namespace invar::metrics
