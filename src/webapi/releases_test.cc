#include "webapi/releases.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

class ReleasesTest : public ::testing::Test {
 protected:
  void version(const std::string& pod, const std::string& version, const std::string& service = "search") {
    releases_.add(++now_, pod + version, {{"service_name", service}, {"pod", pod}, {"version", version}},
                  {"/app", "build of " + version});
  }
  void build(const std::string& file, const std::string& id) {
    releases_.add(++now_, "pod", {{"service_name", "search"}}, {file, id});
  }
  // "2 search version 1->2", with the time of each.
  std::string found() const {
    std::string out;
    for (const Release& each : releases_.found())
      out += (out.empty() ? "" : "; ") + std::to_string(each.at_unix_ns) + " " + each.service + " " +
             (each.label.empty() ? "build" : each.label) + " " + each.before + "->" + each.value;
    return out;
  }
  Releases releases_;
  UnixNanos now_ = 0;
};

TEST_F(ReleasesTest, AVersionThatComesAfterAnotherIsOne) {
  for (int i = 0; i < 3; ++i) version("a", "1");
  for (int i = 0; i < 3; ++i) version("a", "2");
  EXPECT_EQ(found(), "4 search version 1->2");
}

TEST_F(ReleasesTest, VersionsThatAreThereFromTheBeginningAreNone) {
  for (int i = 0; i < 3; ++i) {
    version("a", "1");
    version("b", "2");
  }
  version("c", "2");
  EXPECT_EQ(found(), "");
}

TEST_F(ReleasesTest, OneThatIsRolledBackIsToldOnce) {
  for (const char* each : {"1", "1", "2", "1", "2", "3"}) version("a", each);
  EXPECT_EQ(found(), "3 search version 1->2; 6 search version 2->3");
}

TEST_F(ReleasesTest, ServicesAreApart) {
  version("a", "1");
  version("a", "1");
  version("b", "2", "cart");
  EXPECT_EQ(found(), "");
}

TEST_F(ReleasesTest, WithoutALabelAnotherBuildOfTheSameProgramIsOne) {
  build("/app", "aa");
  build("/app", "aa");
  build("/lib/libc.so.6", "cc");
  build("/app", "");
  build("/app", "bb");
  EXPECT_EQ(found(), "5 search build aa->bb");
}

}  // namespace
}  // namespace invar::webapi
