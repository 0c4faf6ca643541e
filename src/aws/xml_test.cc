#include "aws/xml.h"

#include <gtest/gtest.h>

#include "component/json_fields.h"

namespace invar::aws {
namespace {

using component::field;
using component::items_of;
using component::text_field;

TEST(Xml, ElementsBecomeObjectsListsAndTexts) {
  const auto answer = parse_xml(
      R"(<?xml version="1.0"?><R xmlns="urn:x"><a>1 &amp; 2</a><set><item><k>v</k></item></set><none/></R>)");
  ASSERT_TRUE(answer);
  EXPECT_EQ(text_field(*answer, "a"), "1 & 2");
  ASSERT_EQ(items_of(field(*answer, "set")).size(), 1u);
  EXPECT_EQ(text_field(items_of(field(*answer, "set"))[0], "k"), "v");
  EXPECT_TRUE(items_of(field(*answer, "none")).empty());
}

TEST(Xml, OtherTextIsAnError) {
  EXPECT_FALSE(parse_xml("{}"));
  EXPECT_FALSE(parse_xml("<a><b></a>"));
  EXPECT_FALSE(parse_xml(""));
}

TEST(Xml, DepthIsBounded) {
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "<a>";
  for (int i = 0; i < 10000; ++i) deep += "</a>";
  EXPECT_TRUE(parse_xml(deep));
}

}  // namespace
}  // namespace invar::aws
