#include "archive_tool/flame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flame/testing/trees.h"

namespace invar::archive_tool {
namespace {

using flame::testing::diff_tree;
using flame::testing::small_tree;
using pprof::FlameTree;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(FlameSvg, AnEmptyTreeIsAPicture) {
  FlameTree tree;
  tree.types = {{"cpu", "nanoseconds"}};
  tree.frames = {{"root", "", 0}};
  tree.nodes = {{}};
  tree.self_values = tree.total_values = {0};
  EXPECT_THAT(flame_svg(tree, {}, 0), HasSubstr("</svg>"));
}

TEST(FlameSvg, DrawsEveryFrameWithItsFigures) {
  const std::string svg = flame_svg(small_tree(), {"cpu of shop", {}, {}}, 0);
  EXPECT_THAT(svg, HasSubstr("<title>example.com/shop.main\nmain.go:7\n100 ns (100.00 %), self 0 s</title>"));
  EXPECT_THAT(svg, HasSubstr("<title>example.com/shop.b\na.go:9\n70.0 ns (70.00 %), self 60.0 ns</title>"
                             "<rect x=\"364.0\" y=\"61\" width=\"825.5\" height=\"16\""));
  EXPECT_THAT(svg, HasSubstr(">shop.b</text>"));
  EXPECT_THAT(svg, HasSubstr("&lt;/script&gt;&lt;b&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("too narrow")));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
}

TEST(FlameSvg, ADiffIsRedWhereTheShareGrewAndBlueWhereItShrank) {
  const std::string svg = flame_svg(diff_tree(), {"cpu", {}, {"yesterday", "today"}}, 0);
  EXPECT_THAT(svg,
              HasSubstr("cpu: yesterday 100 ns, today 140 ns; red: a larger share, blue: a smaller one"));
  EXPECT_THAT(svg, HasSubstr("yesterday: 30.0 ns (30.00 %), self 30.0 ns\ntoday: 0 s (0.00 %), self 0 s"));
  EXPECT_THAT(svg, HasSubstr("fill=\"hsl(214,90%,66%)\""));  // a: all gone
  EXPECT_THAT(svg, HasSubstr("fill=\"hsl(5,59%,77%)\""));    // b: from 70 % to 100 %
  EXPECT_THAT(svg, HasSubstr("fill=\"hsl(0,0%,85%)\""));     // main: the same
}

TEST(FlameSvg, FramesTooNarrowToDrawAreCounted) {
  FlameTree tree = small_tree();
  tree.self_values = {0, 0, 1, 1'000'000, 10};
  tree.total_values = {1'000'011, 1'000'011, 1, 1'000'010, 10};
  EXPECT_THAT(flame_svg(tree, {}, 0), HasSubstr("too narrow to draw: 2 frames"));
  tree.total_values[2] = 0;  // nothing of this sample type
  EXPECT_THAT(flame_svg(tree, {}, 0), HasSubstr("too narrow to draw: 1 frames"));
}

TEST(FlameSvg, NamesOfAnyBytesStayWellFormed) {
  FlameTree tree = small_tree();
  tree.frames[1].name = std::string("a\x01\xff\0&\"b", 7);
  const std::string svg = flame_svg(tree, {}, 0);
  EXPECT_THAT(svg, HasSubstr("a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&amp;&quot;b"));
}

}  // namespace
}  // namespace invar::archive_tool
