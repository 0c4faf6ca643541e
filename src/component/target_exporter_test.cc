#include "component/target_exporter.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::component {
namespace {

using std::chrono::seconds;

Target target(const std::string& address) {
  return Target({{"__address__", address}});
}

class TargetExporterTest : public ::testing::Test {
 protected:
  std::string published() const {
    std::string out;
    for (const Targets& set : sets_) {
      for (const Target& t : set) out += std::string(t.get("__address__"));
      out += '|';
    }
    return out;
  }
  async::testing::TestLoop loop_;
  std::vector<Targets> sets_;
  TargetExporter exporter_{loop_, [this](const Targets& targets) { sets_.push_back(targets); }};
};

TEST_F(TargetExporterTest, TheFirstSetGoesOutAtOnceThenAtMostEveryFiveSeconds) {
  exporter_.set({target("a")});
  EXPECT_EQ(published(), "a|");
  for (const char* name : {"b", "c", "d"}) {
    loop_.advance(seconds(1));
    exporter_.set({target(name)});
  }
  EXPECT_EQ(published(), "a|");
  loop_.advance(seconds(2));
  EXPECT_EQ(published(), "a|d|") << "a burst of changes is one export, of the newest";
  loop_.advance(seconds(10));
  EXPECT_EQ(published(), "a|d|");
  exporter_.set({target("e")});
  EXPECT_EQ(published(), "a|d|e|") << "after a quiet time a change goes out at once";
}

TEST_F(TargetExporterTest, TheSameTargetsInAnotherOrderAreNotExported) {
  exporter_.set({target("a"), target("b")});
  loop_.advance(seconds(6));
  exporter_.set({target("b"), target("a")});
  EXPECT_EQ(published(), "ab|");
  loop_.advance(seconds(6));
  exporter_.set({target("b"), target("a"), target("a")});
  EXPECT_EQ(published(), "ab|baa|") << "a target that appears twice counts twice";
}

TEST_F(TargetExporterTest, AnEmptyFirstSetIsExported) {
  exporter_.set({});
  EXPECT_EQ(published(), "|");
}

TEST_F(TargetExporterTest, AChangeThatIsTakenBackIsNoExport) {
  exporter_.set({target("a")});
  exporter_.set({target("b")});
  exporter_.set({target("a")});
  loop_.advance(seconds(6));
  EXPECT_EQ(published(), "a|");
}

TEST_F(TargetExporterTest, FlushPublishesWhatWaits) {
  exporter_.set({target("a")});
  exporter_.flush();
  EXPECT_EQ(published(), "a|");
  exporter_.set({target("b")});
  exporter_.flush();
  EXPECT_EQ(published(), "a|b|");
  loop_.advance(seconds(6));
  EXPECT_EQ(published(), "a|b|");
}

TEST_F(TargetExporterTest, ANewDiscoverersFirstSetDoesNotWait) {
  exporter_.set({target("a")});
  exporter_.expect_first();
  exporter_.set({target("b")});
  EXPECT_EQ(published(), "a|b|");
}

TEST_F(TargetExporterTest, TwentyThousandTargetsAreQuicklyCompared) {
  Targets many;
  for (int i = 0; i < 20'000; ++i) many.push_back(target("10.0.0.1:" + std::to_string(i)));
  const auto begin = std::chrono::steady_clock::now();
  exporter_.set(many);
  loop_.advance(seconds(6));
  exporter_.set(many);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
  EXPECT_EQ(sets_.size(), 1u);
}

}  // namespace
}  // namespace invar::component
