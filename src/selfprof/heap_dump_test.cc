#include "selfprof/heap_dump.h"

#include <gtest/gtest.h>

namespace invar::selfprof {
namespace {

TEST(HeapDump, ReadsTheTotalsOfEachSite) {
  const auto dump = parse_heap_dump(
      "heap_v2/1\n"
      "  t*: 28106: 56637512 [0: 0]\n"
      "  t3: 28106: 56637512 [0: 0]\n"
      "@ 0x5f025d8 0x41dc81f\n"
      "  t*: 13: 6688 [20: 9000]\n"
      "  t3: 12: 6496 [0: 0]\n"
      "@ 0x1\n"
      "  t*: 0: 0 [0: 0]\n"
      "\nMAPPED_LIBRARIES:\n"
      "@ not read\n");
  ASSERT_TRUE(dump) << dump.error().message;
  EXPECT_EQ(dump->period_bytes, 1);
  ASSERT_EQ(dump->sites.size(), 1u) << "a site without any allocation is left out";
  const HeapSite& site = dump->sites[0];
  EXPECT_EQ(site.stack, (Stack{0x5f025d8, 0x41dc81f}));
  EXPECT_EQ(site.inuse_objects, 13);
  EXPECT_EQ(site.inuse_bytes, 6688);
  EXPECT_EQ(site.alloc_objects, 20);
  EXPECT_EQ(site.alloc_bytes, 9000);
}

TEST(HeapDump, ScalesSamplesUp) {
  const auto dump = parse_heap_dump("heap_v2/524288\n@ 0x1 0x2\n t*: 10: 5242880 [1: 1]\n");
  ASSERT_TRUE(dump);
  const HeapSite& site = dump->sites[0];
  // Mean size = period: 1 / (1 - 1/e) = 1.582.
  EXPECT_EQ(site.inuse_objects, 15);
  EXPECT_NEAR(static_cast<double>(site.inuse_bytes), 5242880 * 1.5819767, 10);
  EXPECT_NEAR(static_cast<double>(site.alloc_objects), 524288.5, 2)
      << "a sampled byte stands for a whole period";
}

TEST(HeapDump, RefusesDamagedText) {
  for (const char* text : {"", "heap_v1/5\n", "heap_v2/\n", "heap_v2/0\n", "heap_v2/x\n", "heap_v2/1\n@ 12\n",
                           "heap_v2/1\n@ 0xzz\n", "heap_v2/1\n@ 0x1\n t*: 1: 2\n",
                           "heap_v2/1\n@ 0x1\n t*: 99999999999999999999: 2 [1: 1]\n"}) {
    const auto dump = parse_heap_dump(text);
    ASSERT_FALSE(dump) << text;
    EXPECT_EQ(dump.error().code, ErrorCode::kDataLoss) << text;
  }
  EXPECT_TRUE(parse_heap_dump("heap_v2/1\n@ 0x1\n t*: 18446744073709551615: 18446744073709551615 [1: 1]\n"));
  EXPECT_TRUE(parse_heap_dump("heap_v2/1\n"));
}

}  // namespace
}  // namespace invar::selfprof
