#include "pipeline/profile.h"

#include <gtest/gtest.h>

#include "pipeline/testing/recording_receiver.h"

namespace invar::pipeline {
namespace {

using testing::RecordingReceiver;

std::shared_ptr<RecordingReceiver> answering(Answer answer) {
  auto receiver = std::make_shared<RecordingReceiver>();
  receiver->answer = std::move(answer);
  return receiver;
}

TEST(Profile, TypeIsTheMetricNameOrUnknown) {
  Profile profile;
  EXPECT_EQ(profile.type(), "unknown");
  profile.labels = Labels{{"__name__", "process_cpu"}};
  EXPECT_EQ(profile.type(), "process_cpu");
}

TEST(FanOut, OffersToEveryReceiverAndJoinsTheRefusals) {
  auto good = answering({});
  auto full = answering({Outcome::kRefused, "queue full"});
  auto gone = answering({Outcome::kRefused, "component stopped"});
  auto mute = answering({Outcome::kRefused, ""});
  const auto profile = std::make_shared<const Profile>();

  const Answer answer = fan_out({full, nullptr, good, gone, mute}, profile);

  EXPECT_FALSE(answer.accepted());
  EXPECT_EQ(answer.reason, "queue full; component stopped; refused");
  for (const auto& receiver : {good, full, gone, mute}) {
    ASSERT_EQ(receiver->taken.size(), 1u);
    EXPECT_EQ(receiver->taken[0], profile);
  }
}

TEST(FanOut, WithoutReceiversEverythingIsAccepted) {
  EXPECT_TRUE(fan_out({}, std::make_shared<const Profile>()).accepted());
  int heard = 0;
  fan_out_kept({nullptr}, std::make_shared<const Profile>(),
               [&](const Answer& answer) { heard += answer.accepted() ? 1 : 0; });
  EXPECT_EQ(heard, 1);
}

TEST(FanOut, IsPermanentOnlyWhenEveryRefusalIs) {
  const auto profile = std::make_shared<const Profile>();
  auto good = answering({});
  auto bad = answering({Outcome::kRefused, "labels", true});
  auto full = answering({Outcome::kRefused, "queue full"});
  EXPECT_FALSE(fan_out({good}, profile).permanent);
  EXPECT_TRUE(fan_out({good, bad, bad}, profile).permanent);
  EXPECT_FALSE(fan_out({bad, full}, profile).permanent);
  EXPECT_FALSE(fan_out({full, bad}, profile).permanent);
}

// A sender keeps what nobody holds, so that it can offer it again.
TEST(FanOut, SaysWhetherAnybodyHoldsTheProfile) {
  const auto profile = std::make_shared<const Profile>();
  const auto good = answering({});
  const auto full = answering({Outcome::kRefused, "queue full"});
  const auto nested = answering(fan_out({full, good}, profile));
  const struct {
    std::vector<ReceiverPtr> receivers;
    bool held;
  } rows[] = {{{}, true},
              {{good}, true},
              {{full}, false},
              {{nullptr, full}, false},
              {{full, good, full}, true},
              {{full, nested}, true}};
  for (const auto& row : rows) {
    EXPECT_EQ(fan_out(row.receivers, profile).held(), row.held);
    fan_out_kept(row.receivers, profile, [&](const Answer& answer) { EXPECT_EQ(answer.held(), row.held); });
  }
}

TEST(FanOut, TheLastReceiverDecidesWhenAProfileIsKept) {
  auto now = answering({Outcome::kRefused, "queue full"});
  auto late = answering({});
  auto later = answering({});
  late->hold = later->hold = true;
  std::vector<Answer> heard;
  fan_out_kept({late, now, later}, std::make_shared<const Profile>(),
               [&](const Answer& answer) { heard.push_back(answer); });
  EXPECT_EQ(now->taken.size(), 1u);
  later->held.at(0)({});
  EXPECT_TRUE(heard.empty());
  late->held.at(0)({Outcome::kRefused, "no space left on device"});
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].reason, "no space left on device; queue full");
}

}  // namespace
}  // namespace invar::pipeline
