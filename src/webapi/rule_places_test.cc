#include "webapi/rule_places.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

std::string places(const std::vector<LoadedConfig::File>& files, std::string_view component) {
  std::string out;
  for (const syntax::Position& position : RulePlaces(files).of(component))
    out += (out.empty() ? "" : " ") + position.to_string();
  return out;
}

const std::vector<LoadedConfig::File>& files() {
  static const std::vector<LoadedConfig::File> files = {
      {"a.alloy", "discovery.relabel \"r\" {\n  targets = []\n  rule { }\n\n  rule { }\n}\n"},
      {"b.alloy",
       "declare \"outer\" {\n"
       "  declare \"inner\" {\n"
       "    discovery.relabel \"r\" {\n"
       "      rule { }\n"
       "    }\n"
       "  }\n"
       "  inner \"i\" { }\n"
       "  foreach \"f\" {\n"
       "    template {\n"
       "      discovery.relabel \"r\" {\n"
       "        rule { }\n"
       "      }\n"
       "      inner \"j\" { }\n"
       "    }\n"
       "  }\n"
       "}\n"
       "outer \"o\" { }\n"
       "elsewhere.module \"m\" { }\n"},
      {"broken.alloy", "discovery.relabel {"}};
  return files;
}

TEST(RulePlaces, OfTheRoot) {
  EXPECT_EQ(places(files(), "discovery.relabel.r"), "a.alloy:3:3 a.alloy:5:3");
}

TEST(RulePlaces, ThroughDeclaresAndTemplates) {
  EXPECT_EQ(places(files(), "outer.o/inner.i/discovery.relabel.r"), "b.alloy:4:7");
  EXPECT_EQ(places(files(), "outer.o/foreach.f/foreach_1_1/discovery.relabel.r"), "b.alloy:11:9");
  EXPECT_EQ(places(files(), "outer.o/foreach.f/foreach_1_1/inner.j/discovery.relabel.r"), "b.alloy:4:7");
}

TEST(RulePlaces, OfWhatTheFilesDoNotHoldThereAreNone) {
  for (const char* id :
       {"discovery.relabel.x", "elsewhere.module.m/discovery.relabel.r", "remotecfg/discovery.relabel.r",
        "inner.i/discovery.relabel.r", "outer.o/foreach.f", "outer.o/foreach.f/", "", "/", "outer.o"})
    EXPECT_EQ(places(files(), id), "") << id;
}

}  // namespace
}  // namespace invar::webapi
