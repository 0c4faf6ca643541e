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
  copy.took(profile());
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
              (shown.profile ? *shown.profile->body : std::string(shown.text)) + ";";
    });
    EXPECT_TRUE(tap.watched());
    tap.took(profile("a"));
    tap.show("targets", [] { return "three"; });
  }
  tap.took(profile("b"));
  tap.took(profile("c"));
  EXPECT_EQ(seen, "profile:a;targets:three;");
  EXPECT_FALSE(tap.watched());
}

TEST(Tap, AWatcherMayEndItselfWhileItIsTold) {
  const Tap tap;
  int told = 0;
  std::optional<Tap::Watch> watch;
  watch = tap.watch([&](const Shown&) {
    ++told;
    watch.reset();
  });
  tap.took(profile());
  tap.took(profile());
  EXPECT_EQ(told, 1);
}

TEST(Tap, WhatASourceMadeIsKeptWatchedOrNot) {
  std::vector<ProfilePtr> kept;
  const Tap tap([&](const ProfilePtr& made) { kept.push_back(made); });
  const auto one = profile();
  tap.made(one);
  tap.took(profile());
  EXPECT_EQ(kept, std::vector<ProfilePtr>{one});
  EXPECT_EQ(tap.profiles(), 2u);
}

}  // namespace
}  // namespace invar::pipeline
