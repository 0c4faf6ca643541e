#include "pipeline/tap.h"

#include <gtest/gtest.h>

namespace invar::pipeline {
namespace {

ProfilePtr profile(std::string body = "x") {
  auto made = std::make_shared<Profile>();
  made->labels = Labels{{"__name__", "memory"}};
  made->body = share(std::move(body));
  return made;
}

TEST(Tap, CountsProfilesAndMakesNothingWhileNobodyLooks) {
  const Tap tap;
  const Tap copy = tap;
  copy.took();
  copy.passed(profile(), "somewhere", "sent");
  copy.show("targets", []() -> std::string {
    ADD_FAILURE() << "nobody looks";
    return "";
  });
  EXPECT_EQ(tap.profiles(), 1u);
  EXPECT_FALSE(tap.watched());
}

TEST(Tap, AWatcherSeesWhatPassesUntilItEnds) {
  const Tap tap;
  std::string seen;
  {
    const auto watch = tap.watch([&](const Shown& shown) {
      seen += std::string(shown.kind) + ":" +
              (shown.profile ? *shown.profile->body : std::string(shown.text)) + ":" +
              std::string(shown.destination) + ":" + std::string(shown.outcome) + ";";
    });
    EXPECT_TRUE(tap.watched());
    tap.passed(profile("a"), "http://server", "sent");
    tap.show("targets", [] { return "three"; });
  }
  tap.passed(profile("b"), "", "sent");
  tap.passed(profile("c"), "", "sent");
  EXPECT_EQ(seen, "profile:a:http://server:sent;targets:three::;");
  EXPECT_FALSE(tap.watched());
}

class Named final : public Receiver {
 public:
  explicit Named(std::string id) : id_(std::move(id)) {}
  Answer accept(const ProfilePtr&) override { return {}; }
  [[nodiscard]] std::string_view component_id() const override { return id_; }

 private:
  std::string id_;
};

TEST(Tap, SaysOfAProfileWhereToAndWhatTheAnswerWas) {
  const Tap tap;
  std::vector<std::string> seen;
  const auto watch = tap.watch([&](const Shown& shown) {
    seen.push_back(std::string(shown.destination) + ": " + std::string(shown.outcome));
  });
  const std::vector<ReceiverPtr> two{std::make_shared<Named>("a"), nullptr, std::make_shared<Named>("b")};
  tap.passed(profile(), two, {});
  tap.passed(profile(), two, {.outcome = Outcome::kRefused, .reason = "queue full"});
  tap.passed(profile(), two, {.outcome = Outcome::kRefused, .reason = "stopped", .partly = true});
  tap.passed(profile(), std::vector<ReceiverPtr>{}, {});
  EXPECT_EQ(seen, (std::vector<std::string>{"a, b: accepted", "a, b: refused: queue full",
                                            "a, b: refused by some: stopped", ": accepted"}));
}

TEST(Tap, AWatcherMayEndItselfWhileItIsTold) {
  const Tap tap;
  int told = 0;
  std::optional<Tap::Watch> watch;
  watch = tap.watch([&](const Shown&) {
    ++told;
    watch.reset();
  });
  tap.passed(profile(), "", "sent");
  tap.passed(profile(), "", "sent");
  EXPECT_EQ(told, 1);
}

TEST(Tap, WhatASourceMadeIsKeptWatchedOrNot) {
  std::vector<ProfilePtr> kept;
  const Tap tap([&](const ProfilePtr& made) { kept.push_back(made); });
  const auto one = profile();
  tap.made(one);
  tap.took();
  EXPECT_EQ(kept, std::vector<ProfilePtr>{one});
  EXPECT_EQ(tap.profiles(), 2u);
}

}  // namespace
}  // namespace invar::pipeline
