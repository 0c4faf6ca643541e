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
}

}  // namespace
}  // namespace invar::pipeline
