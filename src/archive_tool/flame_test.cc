#include "archive_tool/flame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive_tool/flame_page.h"
#include "syntax/json.h"

namespace invar::archive_tool {
namespace {

using pprof::FlameTree;
using testing::HasSubstr;
using testing::Not;

// root ── main ─┬─ a (self 30)
//               └─ b (self 60) ── <init> (self 10)
FlameTree small_tree() {
  FlameTree tree;
  tree.types = {{"cpu", "nanoseconds"}};
  tree.frames = {{"root", "", 0},
                 {"example.com/shop.main", "main.go", 7},
                 {"example.com/shop.a", "a.go", 3},
                 {"example.com/shop.b", "a.go", 9},
                 {"</script><b>", "", 0}};
  tree.nodes = {{0, 0, 1, 1}, {1, 0, 2, 2}, {2, 1, 0, 0}, {3, 1, 4, 1}, {4, 3, 0, 0}};
  tree.self_values = {0, 0, 30, 60, 10};
  tree.total_values = {100, 100, 30, 70, 10};
  return tree;
}

// The same calls before, with a gone and b twice as much after.
FlameTree diff_tree() {
  FlameTree tree = small_tree();
  tree.sides = 2;
  tree.self_values = {0, 0, 0, 0, 30, 0, 60, 120, 10, 20};
  tree.total_values = {100, 140, 100, 140, 30, 0, 70, 140, 10, 20};
  return tree;
}

std::string data_of(const std::string& page) {
  EXPECT_TRUE(page.starts_with(kFlamePageBefore) && page.ends_with(kFlamePageAfter));
  return page.substr(kFlamePageBefore.size(), page.size() - kFlamePageBefore.size() - kFlamePageAfter.size());
}

TEST(FlamePage, HoldsTheTreeInItsDocumentedForm) {
  const std::string page = flame_page(small_tree(), {"cpu of shop", {{"Profiles", "3"}}, {}});
  EXPECT_EQ(
      data_of(page),
      R"({"title":"cpu of shop","facts":[["Profiles","3"]],"sides":[""],"types":[["cpu","nanoseconds"]],)"
      R"("type":0,"strings":["root","","example.com/shop.main","main.go","example.com/shop.a","a.go",)"
      R"("example.com/shop.b","\u003c/script\u003e\u003cb\u003e"],"frames":[0,1,0,2,3,7,4,5,3,6,5,9,7,1,0],)"
      R"("nodes":[0,0,1,1,2,1,3,2,4,1],"self":[[-2,30,60,10]]})");
}

TEST(FlamePage, ADiffHasAColumnForEachSide) {
  const std::string data = data_of(flame_page(diff_tree(), {"cpu", {}, {"yesterday", "today"}}));
  EXPECT_THAT(data, HasSubstr(R"("sides":["yesterday","today"])"));
  EXPECT_THAT(data, HasSubstr(R"("self":[[-2,30,60,10],[-3,120,20]])"));
}

TEST(FlamePage, NothingInAProfileCanLeaveItsPlace) {
  FlameTree tree = small_tree();
  tree.frames[1].name = "bad\xff\"\\ <!-- </SCRIPT> \xe2\x80\xa8 $& ";
  tree.frames[1].file = std::string("nul\0byte", 8);
  const std::string data = data_of(flame_page(tree, {"<title>", {{"<", ">"}}, {}}));
  EXPECT_THAT(data, Not(HasSubstr("<")));
  EXPECT_TRUE(syntax::parse_json(data)) << syntax::parse_json(data).error().message;
}

TEST(FlamePage, RefersToNothingOutsideItself) {
  const std::string page(kFlamePageBefore);
  for (const char* reference : {"http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(page + std::string(kFlamePageAfter), Not(HasSubstr(reference)));
}

TEST(FlamePage, AnEmptyTreeIsAPage) {
  FlameTree tree;
  tree.types = {{"cpu", "nanoseconds"}};
  tree.frames = {{"root", "", 0}};
  tree.nodes = {{}};
  tree.self_values = tree.total_values = {0};
  EXPECT_THAT(data_of(flame_page(tree, {})), HasSubstr(R"("nodes":[0,0],"self":[[]])"));
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
