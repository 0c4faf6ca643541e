#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "component/testing/component_harness.h"
#include "components/pyroscope/relabel/arguments.h"
#include "components/pyroscope/relabel/cache.h"
#include "components/pyroscope/relabel/component.h"
#include "pipeline/testing/recording_receiver.h"
#include "pprof/profile.h"
#include "pprof/testing/random_profile.h"

namespace invar::components::pyroscope_relabel {
namespace {

using namespace std::chrono_literals;
using pipeline::Answer;
using pipeline::BodyKind;
using pipeline::Outcome;
using pipeline::Profile;
using pipeline::ProfilePtr;
using pipeline::testing::RecordingReceiver;
using relabel::Action;

ProfilePtr profile_of(Labels labels, std::string body = "bytes", BodyKind kind = BodyKind::kPprof) {
  Profile profile;
  profile.labels = std::move(labels);
  profile.body = share(std::move(body));
  profile.kind = kind;
  profile.taken_unix_ns = 5;
  return std::make_shared<const Profile>(std::move(profile));
}

class RelabelTest : public ::testing::Test {
 protected:
  RelabelTest() { arguments_.forward_to = {downstream_}; }

  void build() { ASSERT_TRUE(h_.build(registration_, arguments_)); }
  void update() { ASSERT_TRUE(h_.update(registration_, arguments_)); }
  pipeline::ReceiverPtr receiver() { return h_.exports.back().as<Exports>().receiver; }
  Answer offer(const ProfilePtr& profile) { return receiver()->accept(profile); }
  double metric(const std::string& name) {
    const std::string line = h_.metric_lines("pyroscope_relabel_" + name + "{");
    return line.empty() ? -1 : std::stod(line.substr(line.rfind(' ')));
  }
  std::string last() {
    return downstream_->taken.empty() ? "" : downstream_->taken.back()->labels.to_string();
  }

  component::Registration registration_ = registration();
  component::testing::ComponentHarness h_{"pyroscope.relabel.x"};
  std::shared_ptr<RecordingReceiver> downstream_ = std::make_shared<RecordingReceiver>();
  Arguments arguments_;
};

TEST_F(RelabelTest, RulesSeeHiddenLabelsOnBothPathsAndNothingElseChanges) {
  arguments_.rules = {{.source_labels = {"__meta_pod"}, .target_label = "pod"}};
  build();
  for (const BodyKind kind : {BodyKind::kPprof, BodyKind::kIngest}) {
    const auto in = profile_of({{"__meta_pod", "cart-1"}, {"a", "1"}}, "body", kind);
    EXPECT_TRUE(offer(in).accepted());
    const ProfilePtr out = downstream_->taken.back();
    EXPECT_EQ(out->labels, (Labels{{"__meta_pod", "cart-1"}, {"a", "1"}, {"pod", "cart-1"}}));
    EXPECT_EQ(out->body, in->body);
    EXPECT_EQ(out->kind, kind);
    EXPECT_EQ(out->taken_unix_ns, 5);
    EXPECT_EQ(in->labels.size(), 2u) << "the offered profile is not edited in place";
  }
}

TEST_F(RelabelTest, ARuleIntoANameThatServersRefuseDoesNotApplyAndIsTold) {
  arguments_.rules = {{.source_labels = {"a"}, .target_label = "foo-bar"},
                      {.source_labels = {"a"}, .target_label = "b"}};
  build();
  EXPECT_TRUE(offer(profile_of({{"a", "1"}})).accepted());
  EXPECT_EQ(last(), R"({a="1", b="1"})");
  EXPECT_EQ(
      h_.component->debug_info().statements.at(3).body->statements.at(0).value->as_string(),
      "target_label \"foo-bar\" is no label name, so the rule does not apply: a name has letters, digits and "
      "underscores, and begins with no digit; write \"foo_bar\"");
}

TEST_F(RelabelTest, ADropIsASuccessForTheSenderAlsoFromTheCache) {
  arguments_.rules = {{.action = Action::kDrop, .source_labels = {"env"}, .regex = "dev"}};
  build();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(offer(profile_of({{"env", "dev"}})).accepted());
  EXPECT_TRUE(downstream_->taken.empty());
  EXPECT_EQ(metric("profiles_processed"), 3);
  EXPECT_EQ(metric("profiles_dropped"), 3);
  EXPECT_EQ(metric("profiles_written"), 0);
  EXPECT_EQ(metric("cache_misses"), 1);
  EXPECT_EQ(metric("cache_hits"), 2);
  EXPECT_EQ(metric("cache_size"), 1);
}

TEST_F(RelabelTest, AProfileThatLostAllLabelsIsDroppedTheFirstTimeToo) {
  arguments_.rules = {{.action = Action::kLabelDrop, .regex = ".*"}};
  build();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(offer(profile_of({{"a", "1"}})).accepted());
  EXPECT_TRUE(downstream_->taken.empty());
  EXPECT_EQ(metric("profiles_dropped"), 2);
}

TEST_F(RelabelTest, AProfileWithoutLabelsPasses) {
  arguments_.rules = {{.action = Action::kKeep, .source_labels = {"a"}, .regex = "1"}};
  build();
  EXPECT_TRUE(offer(profile_of({})).accepted());
  EXPECT_EQ(last(), "{}");
  EXPECT_EQ(metric("cache_misses"), 0);
}

TEST_F(RelabelTest, AHitGivesWhatTheMissGave) {
  arguments_.rules = {{.source_labels = {"a"}, .regex = "(.)", .target_label = "b", .replacement = "x$1"}};
  build();
  for (int i = 0; i < 2; ++i) {
    offer(profile_of({{"a", "1"}}));
    EXPECT_EQ(last(), "{a=\"1\", b=\"x1\"}");
  }
  EXPECT_EQ(metric("cache_hits"), 1);
  EXPECT_EQ(metric("profiles_written"), 2);
}

TEST_F(RelabelTest, NewRulesEmptyTheCacheAndASmallerOneForgetsTheOldest) {
  arguments_.rules = {{.target_label = "v", .replacement = "1"}};
  arguments_.max_cache_size = 3;
  build();
  for (const char* name : {"a", "b", "c", "a", "d"}) offer(profile_of({{"name", name}}));
  EXPECT_EQ(metric("cache_size"), 3);
  EXPECT_EQ(metric("cache_misses"), 4);
  arguments_.max_cache_size = 2;
  update();
  EXPECT_EQ(metric("cache_size"), 2);
  for (const char* name : {"a", "d"}) offer(profile_of({{"name", name}}));
  EXPECT_EQ(metric("cache_misses"), 4) << "a and d were used last";
  arguments_.rules[0].replacement = "2";
  update();
  EXPECT_EQ(metric("cache_size"), 0);
  offer(profile_of({{"name", "a"}}));
  EXPECT_EQ(last(), "{name=\"a\", v=\"2\"}");
  EXPECT_EQ(h_.exports.back().as<Exports>().rules.list, arguments_.rules);
}

TEST_F(RelabelTest, ReceiversAreSwappedUnderAReceiverThatStays) {
  build();
  const auto before = receiver();
  auto other = std::make_shared<RecordingReceiver>();
  arguments_.forward_to = {other};
  update();
  EXPECT_EQ(receiver(), before);
  offer(profile_of({{"a", "1"}}));
  EXPECT_EQ(other->taken.size(), 1u);
}

TEST_F(RelabelTest, ARefusalDownstreamIsTheSendersAndNotWritten) {
  build();
  downstream_->answer = {Outcome::kRefused, "queue full"};
  EXPECT_EQ(offer(profile_of({{"a", "1"}})).reason, "queue full");
  EXPECT_EQ(metric("profiles_written"), 0);
}

TEST_F(RelabelTest, APromiseWaitsForTheReceiversEvenAcrossAnUpdate) {
  build();
  downstream_->hold = true;
  std::vector<Answer> answers;
  receiver()->accept_kept(profile_of({{"a", "1"}}), [&](const Answer& answer) { answers.push_back(answer); });
  arguments_.rules = {{.target_label = "v", .replacement = "1"}};
  update();  // returns although a push hangs
  EXPECT_TRUE(answers.empty());
  downstream_->held.at(0)({});
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].accepted());
  EXPECT_EQ(metric("profiles_written"), 1);
}

TEST_F(RelabelTest, AStoppedComponentRefuses) {
  build();
  const auto stale = receiver();
  EXPECT_TRUE(h_.stop());
  EXPECT_EQ(stale->accept(profile_of({{"a", "1"}})).reason, "component stopped");
}

TEST_F(RelabelTest, TheCacheNeedsRoom) {
  EXPECT_TRUE(arguments_schema().check(&arguments_));
  arguments_.max_cache_size = 0;
  ASSERT_FALSE(arguments_schema().check(&arguments_));
}

TEST(Cache, TellsEqualHashesApart) {
  Cache cache(2, [](const Labels&) -> std::uint64_t { return 7; });
  const Labels a{{"a", "1"}}, b{{"b", "1"}}, c{{"c", "1"}};
  cache.insert(a, a);
  cache.insert(b, std::nullopt);
  ASSERT_NE(cache.find(a), nullptr);
  EXPECT_EQ(**cache.find(a), a);
  EXPECT_FALSE(*cache.find(b));
  cache.insert(c, c);
  EXPECT_EQ(cache.find(a), nullptr) << "b was used after a";
  EXPECT_EQ(**cache.find(c), c);
  EXPECT_EQ(cache.size(), 2u);
}

// ---- the block pprof

pprof::Profile threads(std::initializer_list<const char*> names) {
  pprof::Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.time_unix_ns = 9;
  for (const char* name : names)
    profile.samples.push_back({.values = {1, 10}, .labels = {{.key = "thread name", .str = name}}});
  return profile;
}

class RelabelEditTest : public RelabelTest {
 protected:
  pprof::Profile arrived() {
    std::string raw;
    const std::string& body = *downstream_->taken.back()->body;
    EXPECT_TRUE(pprof::validate_body(body, "", 1 << 20, raw));
    return *pprof::parse(raw);
  }
};

TEST_F(RelabelEditTest, TakesSampleTypesOutAndPacksAgain) {
  arguments_.pprof.drop_sample_types = {"samples"};
  build();
  const std::string body = pprof::testing::gzipped(pprof::serialize(threads({"a", "b"})));
  EXPECT_TRUE(offer(profile_of({{"a", "1"}}, body)).accepted());
  EXPECT_TRUE(downstream_->taken.empty()) << "the work is not done on the loop";
  h_.loop.run_until_idle();
  ASSERT_EQ(downstream_->taken.size(), 1u);
  EXPECT_TRUE(codec::is_gzip(*downstream_->taken[0]->body));
  EXPECT_FALSE(downstream_->taken[0]->lacks_time);
  EXPECT_EQ(arrived().sample_types, (std::vector<pprof::SampleType>{{"cpu", "nanoseconds"}}));
  EXPECT_EQ(metric("profiles_written"), 1);
}

TEST_F(RelabelEditTest, PromotedLabelsAreSourcesForRules) {
  arguments_.pprof.promote_labels = {"thread name"};
  arguments_.pprof.remove_labels = {"thread name"};
  arguments_.rules = {{.action = Action::kKeep, .source_labels = {"thread_name"}, .regex = "io"}};
  build();
  for (const auto& profile : {threads({"io", "io"}), threads({"io", "ui"}), threads({"ui"})})
    offer(profile_of({{"a", "1"}}, pprof::serialize(profile)));
  h_.loop.run_until_idle();
  ASSERT_EQ(downstream_->taken.size(), 1u);
  EXPECT_EQ(last(), "{a=\"1\", thread_name=\"io\"}");
  EXPECT_FALSE(codec::is_gzip(*downstream_->taken[0]->body)) << "what came plain goes plain";
  EXPECT_TRUE(arrived().samples[0].labels.empty());
  EXPECT_EQ(metric("profiles_dropped"), 2);
}

TEST_F(RelabelEditTest, ALabelOfTheSeriesStays) {
  arguments_.pprof.promote_labels = {"thread name"};
  build();
  const auto body = pprof::serialize(threads({"io"}));
  const auto in = profile_of({{"thread_name", "mine"}}, body);
  offer(in);
  h_.loop.run_until_idle();
  EXPECT_EQ(last(), "{thread_name=\"mine\"}");
  EXPECT_EQ(downstream_->taken[0]->body, in->body) << "nothing was taken out: the same bytes";
}

TEST_F(RelabelEditTest, AProfileOfWhichNothingIsLeftIsDropped) {
  arguments_.pprof.keep_sample_types = {"inuse_space"};
  build();
  offer(profile_of({{"a", "1"}}, pprof::serialize(threads({"io"}))));
  h_.loop.run_until_idle();
  EXPECT_TRUE(downstream_->taken.empty());
  EXPECT_EQ(metric("profiles_dropped"), 1);
}

TEST_F(RelabelEditTest, WhatIsNoPprofPassesAndIngestIsNotTouched) {
  arguments_.pprof.drop_sample_types = {"cpu"};
  build();
  offer(profile_of({{"a", "1"}}, "no profile at all"));
  const auto ingest = profile_of({{"a", "1"}}, pprof::serialize(threads({"io"})), BodyKind::kIngest);
  offer(ingest);
  EXPECT_EQ(downstream_->taken.at(0)->body, ingest->body);
  h_.loop.run_until_idle();
  ASSERT_EQ(downstream_->taken.size(), 2u);
  EXPECT_EQ(*downstream_->taken[1]->body, "no profile at all");
}

TEST_F(RelabelEditTest, EveryProfileIsInTheLedgerUntilTheReceiversHaveIt) {
  arguments_.pprof.drop_sample_types = {"cpu"};
  build();
  const auto body = pprof::serialize(threads({"io"}));
  downstream_->hold = true;
  offer(profile_of({{"__name__", "process_cpu"}}, body));
  std::vector<Answer> answers;
  receiver()->accept_kept(profile_of({{"__name__", "process_cpu"}}, body),
                          [&](const Answer& answer) { answers.push_back(answer); });
  h_.loop.run_until_idle();
  EXPECT_THAT(h_.metric_lines("pyroscope_ledger_queued"), ::testing::EndsWith(" 2\n"));
  downstream_->held.at(0)({Outcome::kRefused, "queue full"});
  downstream_->held.at(1)({});
  EXPECT_THAT(h_.metric_lines("pyroscope_ledger_queued"), ::testing::EndsWith(" 0\n"));
  EXPECT_THAT(h_.metric_lines("pyroscope_ledger_dropped_total"),
              ::testing::HasSubstr("reason=\"refused downstream\""));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].accepted());
}

TEST_F(RelabelEditTest, TooMuchAtOnceIsRefusedBeforeItIsTaken) {
  arguments_.pprof.drop_sample_types = {"cpu"};
  build();
  h_.pool.set_paused(true);
  const auto large = profile_of({{"a", "1"}}, std::string(std::size_t{33} << 20, 'x'));
  EXPECT_TRUE(offer(large).accepted());
  EXPECT_EQ(offer(large).reason, "queue full");
  Answer late;
  receiver()->accept_kept(large, [&](const Answer& answer) { late = answer; });
  EXPECT_EQ(late.reason, "queue full");
  h_.pool.set_paused(false);
  h_.loop.run_until_idle();
  EXPECT_EQ(downstream_->taken.size(), 1u);
}

TEST_F(RelabelEditTest, StopPassesOnWhatIsBeingEditedWithinItsDeadline) {
  arguments_.pprof.drop_sample_types = {"cpu"};
  build();
  downstream_->hold = true;
  offer(profile_of({{"a", "1"}}, pprof::serialize(threads({"io"}))));
  bool stopped = false;
  h_.component->stop([&] { stopped = true; });
  h_.loop.run_until_idle();
  EXPECT_EQ(downstream_->taken.size(), 1u);
  EXPECT_FALSE(stopped);
  h_.loop.advance(2s);
  EXPECT_TRUE(stopped);
  EXPECT_THAT(h_.metric_lines("pyroscope_ledger_dropped_total"), ::testing::EndsWith(" 1\n"));
  downstream_->held.at(0)({});  // too late, harmless
  h_.component.reset();
}

TEST(RelabelArguments, ACacheWithoutRoomIsRefused) {
  for (const int size : {0, -1}) {
    Arguments arguments;
    arguments.max_cache_size = size;
    EXPECT_EQ(arguments_schema().check(&arguments).error().message,
              "max_cache_size: must provide a positive size");
  }
}

}  // namespace
}  // namespace invar::components::pyroscope_relabel
