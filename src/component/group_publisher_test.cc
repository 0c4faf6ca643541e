#include "component/group_publisher.h"

#include <gtest/gtest.h>

#include "component/testing/component_harness.h"

namespace invar::component {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Target target(const std::string& address) {
  return Target({{"__address__", address}});
}

Targets many(int count) {
  Targets out;
  for (int i = 0; i < count; ++i) out.push_back(target(std::to_string(i) + ";"));
  return out;
}

class GroupPublisherTest : public ::testing::Test {
 protected:
  // "ab|c|": the addresses of each export.
  std::string published() const {
    std::string out;
    for (const Boxed& set : harness_.exports) {
      for (const Target& t : set.as<TargetExports>().targets) out += std::string(t.get("__address__"));
      out += '|';
    }
    return out;
  }
  void advance(Duration time) { harness_.loop.advance(time); }
  void replace(const std::string& names) {
    Targets targets;
    for (const char name : names) targets.push_back(target(std::string(1, name)));
    publisher_.replace(Groups{{"s", targets}});
  }

  testing::ComponentHarness harness_{"discovery.x.y"};
  GroupPublisher publisher_{harness_.options()};
};

TEST_F(GroupPublisherTest, ASmallChangeWaitsForASecondAtMost) {
  replace("a");
  EXPECT_EQ(published(), "a|");
  replace("b");
  advance(milliseconds(500));
  replace("c");
  EXPECT_EQ(published(), "a|");
  advance(milliseconds(500));
  EXPECT_EQ(published(), "a|c|") << "a burst of changes is one export, of the newest";
  advance(seconds(2));
  replace("d");
  EXPECT_EQ(published(), "a|c|d|") << "after a quiet time a change goes out at once";
}

TEST_F(GroupPublisherTest, AGreatChangeWaitsForFiveSeconds) {
  publisher_.replace(Groups{{"s", many(100)}});
  publisher_.replace(Groups{{"s", many(50)}});
  advance(milliseconds(4999));
  EXPECT_EQ(harness_.exports.size(), 1u);
  advance(milliseconds(1));
  EXPECT_EQ(harness_.exports.size(), 2u);
}

TEST_F(GroupPublisherTest, ManySmallChangesAreAGreatOne) {
  replace("a");
  for (int i = 0; i < 20; ++i) publisher_.set(std::to_string(i), {target("x")});
  advance(seconds(2));
  EXPECT_EQ(harness_.exports.size(), 1u);
  advance(seconds(3));
  EXPECT_EQ(harness_.exports.size(), 2u);
}

TEST_F(GroupPublisherTest, TheSameTargetsInAnotherOrderOrFromOtherSourcesAreNotExported) {
  replace("ab");
  advance(seconds(6));
  replace("ba");
  publisher_.replace(Groups{{"1", {target("b")}}, {"2", {target("a")}}});
  advance(seconds(6));
  EXPECT_EQ(published(), "ab|");
  publisher_.set("3", {target("a")});
  EXPECT_EQ(published(), "ab|baa|")
      << "a target that appears twice counts twice; the order is that of the sources";
}

TEST_F(GroupPublisherTest, AnEmptyFirstSetIsExported) {
  publisher_.replace({});
  EXPECT_EQ(published(), "|");
}

TEST_F(GroupPublisherTest, AChangeThatIsTakenBackIsNoExport) {
  replace("a");
  replace("b");
  replace("a");
  advance(seconds(6));
  EXPECT_EQ(published(), "a|");
  EXPECT_EQ(harness_.loop.pending_timers(), 0u);
}

TEST_F(GroupPublisherTest, FlushPublishesWhatWaits) {
  replace("a");
  publisher_.flush();
  EXPECT_EQ(published(), "a|");
  replace("b");
  publisher_.flush();
  advance(seconds(6));
  EXPECT_EQ(published(), "a|b|");
}

TEST_F(GroupPublisherTest, ANewDiscoverersFirstResultDoesNotWait) {
  publisher_.replace(Groups{{"s", many(100)}});
  publisher_.expect_first();
  replace("b");
  EXPECT_EQ(harness_.exports.size(), 2u);
}

TEST_F(GroupPublisherTest, UnchangedTargetsStayTheSameObjects) {
  replace("ab");
  const Targets before = harness_.exports.back().as<TargetExports>().targets;
  advance(seconds(6));
  replace("bc");
  const Targets& after = harness_.exports.back().as<TargetExports>().targets;
  EXPECT_EQ(after[0].object(), before[1].object());
}

TEST_F(GroupPublisherTest, HealthSaysWhatIsWrongAndTheTargetsStay) {
  EXPECT_EQ(publisher_.health().state, HealthState::kUnknown);
  publisher_.failed({ErrorCode::kUnavailable, "no server"});
  EXPECT_EQ(publisher_.health().state, HealthState::kUnhealthy);
  EXPECT_EQ(publisher_.health().message, "no targets yet: no server");
  replace("ab");
  EXPECT_EQ(publisher_.health().message, "found 2 targets");
  EXPECT_EQ(publisher_.health().state, HealthState::kHealthy);
  publisher_.remark("one file is broken");
  EXPECT_EQ(publisher_.health().message, "found 2 targets; one file is broken");
  for (int i = 0; i < 3; ++i) publisher_.failed({ErrorCode::kUnavailable, "401 Unauthorized by h:1"});
  EXPECT_EQ(publisher_.health().state, HealthState::kUnhealthy);
  EXPECT_TRUE(publisher_.health().message.starts_with("still using the 2 targets of "));
  EXPECT_TRUE(publisher_.health().message.ends_with(": 401 Unauthorized by h:1"));
  EXPECT_EQ(published(), "ab|");
  EXPECT_EQ(harness_.log_count("401 Unauthorized"), 1) << "one line per reason";
  publisher_.works();
  EXPECT_EQ(publisher_.health().message, "found 2 targets; one file is broken");
  EXPECT_EQ(harness_.log_count("works again"), 2);
}

TEST_F(GroupPublisherTest, DebugInfoCountsAndNamesTheLastError) {
  publisher_.replace(Groups{{"1", {target("a"), target("b")}}, {"2", {target("c")}}, {"3", {}}});
  publisher_.failed({ErrorCode::kUnavailable, "gone"});
  std::string shown;
  for (const auto& statement : publisher_.debug_info().statements)
    if (statement.name != "last_refresh") shown += statement.name + "=" + statement.value->to_text() + " ";
  EXPECT_EQ(shown, "sources=2 targets=3 last_error=\"gone\" ");
}

}  // namespace
}  // namespace invar::component
