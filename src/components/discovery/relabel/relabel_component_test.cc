#include <gtest/gtest.h>

#include "component/testing/component_harness.h"
#include "components/discovery/relabel/arguments.h"
#include "components/discovery/relabel/component.h"

namespace invar::components::discovery_relabel {
namespace {

using component::Target;
using Map = component::Target::Map;

class RelabelComponentTest : public ::testing::Test {
 protected:
  std::string output() const {
    std::string out;
    for (const Target& target : harness_.exports.back().as<Exports>().output)
      out += target.to_string() + "\n";
    return out;
  }
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.relabel.x"};
};

TEST_F(RelabelComponentTest, RunsAtLoadKeepsOrderAndDropsTargets) {
  Arguments a;
  a.targets = {Target(Map{{"__address__", "b:1"}, {"team", "blue"}}),
               Target(Map{{"__address__", "x:1"}, {"team", "red"}}),
               Target(Map{{"__address__", "a:1"}, {"team", "blue"}})};
  a.rules = {{.action = relabel::Action::kKeep, .source_labels = {"team"}, .regex = "blue"},
             {.source_labels = {"__address__"}, .regex = "(.*):.*", .target_label = "host.name"}};
  ASSERT_TRUE(harness_.build(registration_, a));
  ASSERT_EQ(harness_.exports.size(), 1u) << "the output is there before anything starts";
  EXPECT_EQ(output(),
            "{\"__address__\"=\"b:1\", \"host.name\"=\"b\", \"team\"=\"blue\"}\n"
            "{\"__address__\"=\"a:1\", \"host.name\"=\"a\", \"team\"=\"blue\"}\n");
}

TEST_F(RelabelComponentTest, EmptyValuesVanishWithoutAnyRule) {
  Arguments a;
  a.targets = {Target(Map{{"__address__", "a"}, {"empty", ""}})};
  ASSERT_TRUE(harness_.build(registration_, a));
  EXPECT_EQ(output(), "{\"__address__\"=\"a\"}\n");
}

TEST_F(RelabelComponentTest, ATargetWithoutLabelsStays) {
  Arguments a;
  a.targets = {Target(Map{{"a", "1"}}), Target(Map{{"keep", "1"}})};
  a.rules = {{.action = relabel::Action::kLabelKeep, .regex = "keep"}};
  ASSERT_TRUE(harness_.build(registration_, a));
  EXPECT_EQ(output(), "{}\n{\"keep\"=\"1\"}\n");
}

TEST_F(RelabelComponentTest, AnUpdateOfTargetsOrRulesIsSeenAtOnce) {
  Arguments a;
  a.targets = {Target(Map{{"a", "1"}})};
  ASSERT_TRUE(harness_.build(registration_, a));
  harness_.component->start();
  a.targets = {Target(Map{{"a", "2"}})};
  ASSERT_TRUE(harness_.update(registration_, a));
  EXPECT_EQ(output(), "{\"a\"=\"2\"}\n");
  a.rules = {{.target_label = "env", .replacement = "prod"}};
  ASSERT_TRUE(harness_.update(registration_, a));
  EXPECT_EQ(output(), "{\"a\"=\"2\", \"env\"=\"prod\"}\n");
  EXPECT_EQ(harness_.exports.back().as<Exports>().rules.list, a.rules);
  const auto exports = harness_.exports.size();
  ASSERT_TRUE(harness_.update(registration_, a));
  EXPECT_EQ(harness_.exports.size(), exports);
  EXPECT_TRUE(harness_.stop());
}

Arguments many() {
  Arguments a;
  for (int i = 0; i < 20'000; ++i) {
    a.targets.push_back(
        Target(Map{{"__address__", "10.0.0.1:" + std::to_string(i)}, {"__meta_name", "cart"}}));
  }
  a.rules = {{.source_labels = {"__meta_name"}, .target_label = "service_name"}};
  return a;
}

TEST_F(RelabelComponentTest, ALongListIsDoneOffTheLoopAndTheNewestListWins) {
  Arguments few;
  few.targets = {Target(Map{{"a", "1"}})};
  ASSERT_TRUE(harness_.build(registration_, few));
  harness_.component->start();
  harness_.pool.set_paused(true);
  ASSERT_TRUE(harness_.update(registration_, many()));
  EXPECT_EQ(output(), "{\"a\"=\"1\"}\n") << "still the old list";
  harness_.pool.set_paused(false);
  harness_.loop.run_until_idle();
  EXPECT_EQ(harness_.exports.back().as<Exports>().output.size(), 20'000u);
  EXPECT_EQ(harness_.exports.back().as<Exports>().rules.list, many().rules);

  harness_.pool.set_paused(true);
  ASSERT_TRUE(harness_.update(registration_, many()));
  ASSERT_TRUE(harness_.update(registration_, few));
  harness_.pool.set_paused(false);
  harness_.loop.run_until_idle();
  EXPECT_EQ(output(), "{\"a\"=\"1\"}\n");
}

TEST_F(RelabelComponentTest, TwentyThousandTargetsArePassedOn) {
  const Arguments a = many();
  ASSERT_TRUE(harness_.build(registration_, a));
  EXPECT_EQ(harness_.exports.back().as<Exports>().output.size(), 20'000u);
}

}  // namespace
}  // namespace invar::components::discovery_relabel
