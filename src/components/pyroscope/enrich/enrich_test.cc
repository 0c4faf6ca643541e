#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "component/testing/component_harness.h"
#include "components/pyroscope/enrich/arguments.h"
#include "components/pyroscope/enrich/component.h"
#include "pipeline/testing/recording_receiver.h"

namespace invar::components::pyroscope_enrich {
namespace {

using component::Target;
using pipeline::BodyKind;
using pipeline::Profile;
using pipeline::testing::RecordingReceiver;
using ::testing::HasSubstr;
using Map = component::Target::Map;

class EnrichTest : public ::testing::Test {
 protected:
  EnrichTest() {
    arguments_.targets = {Target(Map{{"__meta_pod_ip", "10.0.0.7"},
                                     {"__address__", "10.0.0.7:80"},
                                     {"team", "blue"},
                                     {"note", ""},
                                     {"service_name", "cart"}})};
    arguments_.target_match_label = "__meta_pod_ip";
    arguments_.profiles_match_label = "pod_ip";
    arguments_.forward_to = {downstream_};
  }
  void build() { ASSERT_TRUE(h_.build(registration_, arguments_)); }
  void update() { ASSERT_TRUE(h_.update(registration_, arguments_)); }
  Labels through(Labels labels, BodyKind kind = BodyKind::kPprof) {
    Profile profile;
    profile.labels = std::move(labels);
    profile.kind = kind;
    const auto receiver = h_.exports.back().as<component::ReceiverExports>().receiver;
    EXPECT_TRUE(receiver->accept(std::make_shared<const Profile>(std::move(profile))).accepted());
    return downstream_->taken.back()->labels;
  }

  component::Registration registration_ = registration();
  component::testing::ComponentHarness h_{"pyroscope.enrich.x"};
  std::shared_ptr<RecordingReceiver> downstream_ = std::make_shared<RecordingReceiver>();
  Arguments arguments_;
};

TEST_F(EnrichTest, CopiesAllButHiddenAndEmptyLabelsOverThoseOfTheProfile) {
  build();
  for (const BodyKind kind : {BodyKind::kPprof, BodyKind::kIngest})
    EXPECT_EQ(through({{"pod_ip", "10.0.0.7"}, {"service_name", "unspecified"}}, kind),
              (Labels{{"pod_ip", "10.0.0.7"}, {"service_name", "cart"}, {"team", "blue"}}));
}

TEST_F(EnrichTest, CopiesTheListedLabelsHiddenOnesIncluded) {
  arguments_.labels_to_copy = {"team", "__address__", "note", "absent"};
  build();
  EXPECT_EQ(
      through({{"pod_ip", "10.0.0.7"}, {"note", "mine"}}),
      (Labels{{"__address__", "10.0.0.7:80"}, {"note", "mine"}, {"pod_ip", "10.0.0.7"}, {"team", "blue"}}));
}

TEST_F(EnrichTest, WhatNoTargetMatchesPassesUnchanged) {
  arguments_.targets.push_back(Target(Map{{"team", "red"}}));
  build();
  EXPECT_EQ(through({{"pod_ip", "10.9.9.9"}}), (Labels{{"pod_ip", "10.9.9.9"}}));
  EXPECT_EQ(through({{"a", "1"}}), (Labels{{"a", "1"}})) << "no value matches no target without one";
  EXPECT_THAT(h_.metric_lines("pyroscope_enrich_profiles_total"), HasSubstr("result=\"unmatched\"} 2"));
}

TEST_F(EnrichTest, TheTargetsLabelIsComparedWithTheSameOneUnlessToldOtherwise) {
  arguments_.target_match_label = "team";
  arguments_.profiles_match_label = "";
  build();
  EXPECT_EQ(through({{"team", "blue"}}).get("service_name"), "cart");
}

TEST_F(EnrichTest, OfSeveralTargetsWithOneValueTheSameOneWinsInEveryOrder) {
  arguments_.targets = {Target(Map{{"__meta_pod_ip", "10.0.0.7"}, {"team", "red"}}),
                        Target(Map{{"__meta_pod_ip", "10.0.0.7"}, {"team", "blue"}}),
                        Target(Map{{"__meta_pod_ip", "10.0.0.7"}, {"team", "green"}}),
                        Target(Map{{"__meta_pod_ip", "10.0.0.7"}, {"team", "green"}})};
  build();
  std::ranges::sort(arguments_.targets, {}, [](const Target& t) { return t.to_string(); });
  do {
    update();
    EXPECT_EQ(through({{"pod_ip", "10.0.0.7"}}).get("team"), "blue");
    EXPECT_THAT(h_.metric_lines("pyroscope_enrich_duplicate_targets"), HasSubstr(" 3\n"));
  } while (std::ranges::next_permutation(arguments_.targets, {}, [](const Target& t) {
             return t.to_string();
           }).found);
  EXPECT_THAT(h_.metric_lines("pyroscope_enrich_targets"), HasSubstr(" 1\n"));
}

TEST_F(EnrichTest, NewTargetsAndReceiversTakeEffect) {
  build();
  arguments_.targets = {Target(Map{{"__meta_pod_ip", "10.0.0.7"}, {"team", "red"}})};
  auto before = downstream_;
  downstream_ = std::make_shared<RecordingReceiver>();
  arguments_.forward_to = {downstream_};
  update();
  EXPECT_EQ(through({{"pod_ip", "10.0.0.7"}}).get("team"), "red");
  EXPECT_TRUE(before->taken.empty());
  EXPECT_EQ(h_.exports.size(), 1u) << "the receiver stays";
}

TEST_F(EnrichTest, APromiseIsTheReceivers) {
  build();
  downstream_->hold = true;
  int answers = 0;
  const auto receiver = h_.exports.back().as<component::ReceiverExports>().receiver;
  receiver->accept_kept(std::make_shared<const Profile>(), [&](const auto&) { ++answers; });
  EXPECT_EQ(answers, 0);
  downstream_->held.at(0)({});
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(h_.stop());
  EXPECT_EQ(receiver->accept(std::make_shared<const Profile>()).reason, "component stopped");
}

TEST_F(EnrichTest, AMatchLabelHasToBeNamed) {
  EXPECT_TRUE(arguments_schema().check(&arguments_));
  arguments_.target_match_label = "";
  EXPECT_FALSE(arguments_schema().check(&arguments_));
}

}  // namespace
}  // namespace invar::components::pyroscope_enrich
