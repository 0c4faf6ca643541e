#include "flame/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flame/page_text.h"
#include "flame/testing/trees.h"
#include "json/reader.h"

namespace invar::flame {
namespace {

using pprof::FlameTree;
using testing::diff_tree;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_tree;

std::string data_of(const std::string& page) {
  EXPECT_TRUE(page.starts_with(kPageBefore) && page.ends_with(kPageAfter));
  return page.substr(kPageBefore.size(), page.size() - kPageBefore.size() - kPageAfter.size());
}

TEST(FlamePage, HoldsTheTreeInItsDocumentedForm) {
  const std::string whole = page(small_tree(), {"cpu of shop", {{"Profiles", "3"}}, {}});
  EXPECT_EQ(
      data_of(whole),
      R"({"title":"cpu of shop","facts":[["Profiles","3"]],"sides":[""],"types":[["cpu","nanoseconds"]],)"
      R"("type":0,"strings":["root","","example.com/shop.main","main.go","example.com/shop.a","a.go",)"
      R"("example.com/shop.b","\u003c/script\u003e\u003cb\u003e"],"frames":[0,1,0,2,3,7,4,5,3,6,5,9,7,1,0],)"
      R"("nodes":[0,0,1,1,2,1,3,2,4,1],"self":[[-2,30,60,10]]})");
}

TEST(FlamePage, ADiffHasAColumnForEachSide) {
  const std::string data = data_of(page(diff_tree(), {"cpu", {}, {"yesterday", "today"}}));
  EXPECT_THAT(data, HasSubstr(R"("sides":["yesterday","today"])"));
  EXPECT_THAT(data, HasSubstr(R"("self":[[-2,30,60,10],[-3,120,20]])"));
}

TEST(FlamePage, NothingInAProfileCanLeaveItsPlace) {
  FlameTree tree = small_tree();
  tree.frames[1].name = "bad\xff\"\\ <!-- </SCRIPT> \xe2\x80\xa8 $& ";
  tree.frames[1].file = std::string("nul\0byte", 8);
  const std::string data = data_of(page(tree, {"<title>", {{"<", ">"}}, {}}));
  EXPECT_THAT(data, Not(HasSubstr("<")));
  json::Reader in(data);
  EXPECT_TRUE(in.skip() && in.end()) << in.error().message;
}

TEST(FlamePage, RefersToNothingOutsideItself) {
  const std::string text(kPageBefore);
  for (const char* reference : {"http://", "https://", "src=", "@import", "url("})
    EXPECT_THAT(text + std::string(kPageAfter), Not(HasSubstr(reference)));
}

TEST(FlamePage, AnEmptyTreeIsAPage) {
  FlameTree tree;
  tree.types = {{"cpu", "nanoseconds"}};
  tree.frames = {{"root", "", 0}};
  tree.nodes = {{}};
  tree.self_values = tree.total_values = {0};
  EXPECT_THAT(data_of(page(tree, {})), HasSubstr(R"("nodes":[0,0],"self":[[]])"));
}

}  // namespace
}  // namespace invar::flame
