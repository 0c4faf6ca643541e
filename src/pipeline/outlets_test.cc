#include "pipeline/outlets.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "pipeline/intake.h"
#include "pipeline/testing/recording_receiver.h"

namespace invar::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::RecordingReceiver;

ProfilePtr profile_of(BodyKind kind) {
  Profile profile;
  profile.kind = kind;
  return std::make_shared<const Profile>(std::move(profile));
}

TEST(Outlets, MeasureUntilTheLastReceiverHasAnswered) {
  async::testing::TestLoop loop;
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({});
  Outlets outlets(*scope, loop, Tap());
  auto receiver = std::make_shared<RecordingReceiver>();
  receiver->hold = true;
  outlets.set({receiver});
  int answers = 0;
  outlets.offer_kept(profile_of(BodyKind::kPprof), [&](const Answer&) { ++answers; });
  loop.advance(2s);
  EXPECT_EQ(answers, 0);
  receiver->held.at(0)({});
  EXPECT_EQ(answers, 1);
  EXPECT_NE(registry->collect().find("pyroscope_fanout_latency_sum 2"), std::string::npos);
  EXPECT_NE(registry->collect().find("pyroscope_forwarded_entries_total 1"), std::string::npos);
}

TEST(Outlets, CountPushedProfilesThatEverybodyTook) {
  async::testing::TestLoop loop;
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({});
  Outlets outlets(*scope, loop, Tap());
  auto receiver = std::make_shared<RecordingReceiver>();
  outlets.set({receiver});
  EXPECT_TRUE(outlets.offer(profile_of(BodyKind::kPprof)).accepted());
  EXPECT_TRUE(outlets.offer(profile_of(BodyKind::kIngest)).accepted());
  receiver->answer = {Outcome::kRefused, "full"};
  EXPECT_FALSE(outlets.offer(profile_of(BodyKind::kPprof)).accepted());
  EXPECT_NE(registry->collect().find("pyroscope_forwarded_entries_total 1"), std::string::npos);
}

TEST(Outlets, ShowWhatBecameOfAProfileWhenThatIsKnown) {
  async::testing::TestLoop loop;
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({});
  const Tap tap;
  std::vector<std::string> seen;
  const auto watch = tap.watch([&](const Shown& shown) { seen.emplace_back(shown.outcome); });
  Outlets outlets(*scope, loop, tap);
  auto receiver = std::make_shared<RecordingReceiver>();
  outlets.set({receiver});
  outlets.offer(profile_of(BodyKind::kPprof));
  receiver->hold = true;
  outlets.offer_kept(profile_of(BodyKind::kPprof), [](const Answer&) {});
  EXPECT_EQ(seen, std::vector<std::string>{"accepted"});
  receiver->held.at(0)({Outcome::kRefused, "disk full"});
  EXPECT_EQ(seen, (std::vector<std::string>{"accepted", "refused: disk full"}));
}

TEST(Intake, RefusesOnceItsOwnerIsGone) {
  RecordingReceiver owner;
  Intake<RecordingReceiver> intake(&owner, "pyroscope.relabel.x", Tap());
  EXPECT_TRUE(intake.accept(profile_of(BodyKind::kPprof)).accepted());
  EXPECT_EQ(owner.taken.size(), 1u);
  intake.close();
  EXPECT_EQ(intake.accept(profile_of(BodyKind::kPprof)).reason, "component stopped");
  Answer late;
  intake.accept_kept(profile_of(BodyKind::kPprof), [&](const Answer& answer) { late = answer; });
  EXPECT_EQ(late.reason, "component stopped");
}

}  // namespace
}  // namespace invar::pipeline
