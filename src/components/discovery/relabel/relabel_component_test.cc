#include <gtest/gtest.h>

#include <array>
#include <random>

#include "component/testing/component_harness.h"
#include "components/discovery/relabel/arguments.h"
#include "components/discovery/relabel/component.h"
#include "components/discovery/relabel/discovery.h"

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

// What is decided by some of the labels is what all of them decide, whatever the rules.
TEST(Relabeler, DoesWhatTheRulesDoOneAfterTheOther) {
  constexpr std::array kNames = {"a", "b", "c", "d"};
  constexpr std::array kValues = {"", "x", "y", "xy", "b"};
  constexpr std::array kRegexes = {"(.*)", "x", "x|y", "(x)(.*)", "a|b", "[a-c]"};
  constexpr std::array kReplacements = {"$1", "x", "", "d"};
  constexpr std::array kTargets = {"a", "b", "c", "d", "$1"};
  std::mt19937 random(1);
  const auto pick = [&](const auto& list) { return std::string(list[random() % list.size()]); };
  std::size_t dropped = 0, kept = 0;
  for (int round = 0; round < 3'000; ++round) {
    relabel::Rules rules;
    for (auto left = random() % 6; left > 0; --left) {
      relabel::RuleConfig config{.action = static_cast<relabel::Action>(random() % 11),
                                 .source_labels = {pick(kNames)},
                                 .regex = pick(kRegexes),
                                 .modulus = 2,
                                 .target_label = pick(kTargets),
                                 .replacement = pick(kReplacements)};
      if (random() % 3 == 0) config.source_labels.push_back(pick(kNames));
      if (config.action == relabel::Action::kKeepEqual || config.action == relabel::Action::kDropEqual) {
        config.regex = "(.*)";
        config.replacement = "$1";
        config.modulus = 0;
      }
      if (auto rule = relabel::Rule::compile(config)) rules.push_back(*std::move(rule));
    }
    Map labels;
    for (const char* name : kNames) labels[name] = pick(kValues);
    const Target target(labels);
    const auto expected = relabel::process(target.to_labels(), rules);
    const auto made = Relabeler(rules).relabeled(target);
    ASSERT_EQ(made.has_value(), expected.has_value()) << round;
    if (expected) {
      ASSERT_EQ(made->to_labels(), *expected) << round;
    }
    ++(expected ? kept : dropped);
  }
  EXPECT_GT(dropped, 100u);
  EXPECT_GT(kept, 100u);
}

}  // namespace
}  // namespace invar::components::discovery_relabel
