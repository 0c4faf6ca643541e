#include "pprof/merge.h"

#include <gtest/gtest.h>

#include "pprof/testing/random_profile.h"
#include "pprof/tree.h"

namespace invar::pprof {
namespace {
TEST(Merge, Smoke) {
  Merger merger;
  ASSERT_TRUE(merger.add(testing::captured_gzip("prom-heap-1"), 0));
  ASSERT_TRUE(merger.add(testing::captured_gzip("prom-heap-2"), 1));
  auto parsed = parse(merger.merged().serialize());
  ASSERT_TRUE(parsed) << parsed.error().message;
  FlameTree tree = build_tree(merger.merged());
  EXPECT_EQ(tree.total(0, 0), merger.merged().total(0, 0));
  EXPECT_GT(tree.nodes.size(), 100u);
}
}  // namespace
}  // namespace invar::pprof
