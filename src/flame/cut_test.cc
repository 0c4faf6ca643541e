#include "flame/cut.h"

#include <gtest/gtest.h>

#include "flame/testing/trees.h"

namespace invar::flame {
namespace {

using pprof::FlameTree;
using testing::diff_tree;
using testing::small_tree;

// "root(main(a 30)(b 60(<init> 10)))": names with their own values, without zeros.
std::string shape(const FlameTree& tree, std::uint32_t node = 0) {
  std::string out = tree.frames[tree.nodes[node].frame].name;
  if (tree.self(node, 0) != 0) out += " " + std::to_string(tree.self(node, 0));
  for (std::uint32_t i = 0; i < tree.nodes[node].children; ++i)
    out += "(" + shape(tree, tree.nodes[node].first_child + i) + ")";
  return out;
}

TEST(FlameCut, ASmallTreeStaysAsItIs) {
  const Cut out = cut(small_tree(), 5);
  EXPECT_EQ(out.nodes, 0u);
  EXPECT_EQ(shape(out.tree), shape(small_tree()));
}

TEST(FlameCut, WhatIsSmallBecomesOneChildAndNoTotalChanges) {
  const Cut out = cut(small_tree(), 4);
  EXPECT_EQ(shape(out.tree), "root(example.com/shop.main((too small to show) 100))");
  EXPECT_EQ(out.nodes, 3u);
  EXPECT_DOUBLE_EQ(out.share, 1);
  FlameTree larger = small_tree();
  larger.frames.push_back({"c", "", 0});
  larger.nodes[4].first_child = 5;
  larger.nodes[4].children = 1;
  larger.nodes.push_back({5, 4, 0, 0});
  larger.self_values = {0, 0, 30, 60, 4, 6};
  larger.total_values = {100, 100, 30, 70, 10, 6};
  const Cut less = cut(larger, 5);
  EXPECT_EQ(less.tree.total(0, 0), 100);
  std::int64_t sum = 0;
  for (std::uint32_t node = 0; node < less.tree.nodes.size(); ++node) sum += less.tree.self(node, 0);
  EXPECT_EQ(sum, 100);
  for (std::uint32_t node = 1; node < less.tree.nodes.size(); ++node)
    EXPECT_LT(less.tree.nodes[node].parent, node);
}

TEST(FlameCut, BothSidesOfADiffAreKept) {
  const Cut out = cut(diff_tree(), 4);
  EXPECT_EQ(out.tree.sides, 2u);
  EXPECT_EQ(out.tree.total(0, 0, 0), 100);
  EXPECT_EQ(out.tree.total(0, 0, 1), 140);
  EXPECT_EQ(out.tree.self_values.size(), out.tree.nodes.size() * 2);
}

}  // namespace
}  // namespace invar::flame
