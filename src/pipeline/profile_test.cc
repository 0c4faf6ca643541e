#include "pipeline/profile.h"

#include <gtest/gtest.h>

namespace invar::pipeline {
namespace {

class FakeReceiver : public Receiver {
 public:
  explicit FakeReceiver(Answer answer) : answer_(std::move(answer)) {}
  Answer accept(const ProfilePtr& profile) override {
    taken_.push_back(profile);
    return answer_;
  }
  [[nodiscard]] std::string_view component_id() const override { return "fake"; }
  std::vector<ProfilePtr> taken_;

 private:
  Answer answer_;
};

TEST(Profile, TypeIsTheMetricNameOrUnknown) {
  Profile profile;
  EXPECT_EQ(profile.type(), "unknown");
  profile.labels = Labels{{"__name__", "process_cpu"}};
  EXPECT_EQ(profile.type(), "process_cpu");
}

TEST(FanOut, OffersToEveryReceiverAndJoinsTheRefusals) {
  auto good = std::make_shared<FakeReceiver>(Answer{});
  auto full = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "queue full"});
  auto gone = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "component stopped"});
  auto mute = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, ""});
  const auto profile = std::make_shared<const Profile>();

  const Answer answer = fan_out({full, nullptr, good, gone, mute}, profile);

  EXPECT_FALSE(answer.accepted());
  EXPECT_EQ(answer.reason, "queue full; component stopped; refused");
  for (const auto& receiver : {good, full, gone, mute}) {
    ASSERT_EQ(receiver->taken_.size(), 1u);
    EXPECT_EQ(receiver->taken_[0], profile);
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
  auto good = std::make_shared<FakeReceiver>(Answer{});
  auto bad = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "labels", true});
  auto full = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "queue full"});
  EXPECT_FALSE(fan_out({good}, profile).permanent);
  EXPECT_TRUE(fan_out({good, bad, bad}, profile).permanent);
  EXPECT_FALSE(fan_out({bad, full}, profile).permanent);
  EXPECT_FALSE(fan_out({full, bad}, profile).permanent);
}

// A sender keeps what nobody holds, so that it can offer it again.
TEST(FanOut, SaysWhetherAnybodyHoldsTheProfile) {
  const auto profile = std::make_shared<const Profile>();
  const auto good = std::make_shared<FakeReceiver>(Answer{});
  const auto full = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "queue full"});
  const auto nested = std::make_shared<FakeReceiver>(fan_out({full, good}, profile));
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

class LateReceiver : public FakeReceiver {
 public:
  using FakeReceiver::FakeReceiver;
  void accept_kept(const ProfilePtr&, Kept kept) override { kept_ = std::move(kept); }
  Kept kept_;
};

TEST(FanOut, TheLastReceiverDecidesWhenAProfileIsKept) {
  auto now = std::make_shared<FakeReceiver>(Answer{Outcome::kRefused, "queue full"});
  auto late = std::make_shared<LateReceiver>(Answer{});
  auto later = std::make_shared<LateReceiver>(Answer{});
  std::vector<Answer> heard;
  fan_out_kept({late, now, later}, std::make_shared<const Profile>(),
               [&](const Answer& answer) { heard.push_back(answer); });
  EXPECT_EQ(now->taken_.size(), 1u);
  later->kept_({});
  EXPECT_TRUE(heard.empty());
  late->kept_({Outcome::kRefused, "no space left on device"});
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].reason, "no space left on device; queue full");
}

}  // namespace
}  // namespace invar::pipeline
