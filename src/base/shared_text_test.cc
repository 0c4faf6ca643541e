#include "base/shared_text.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace invar {
namespace {

TEST(SharedText, IsItsTextAndOrderedByIt) {
  const SharedText text("pod");
  EXPECT_EQ(text, "pod");
  EXPECT_EQ(text, SharedText(std::string("pod")));
  EXPECT_LT(text, SharedText("pods"));
  EXPECT_TRUE(SharedText("").empty());
  EXPECT_EQ(SharedText().view(), "");
  EXPECT_EQ(SharedText(std::string_view("a\0b", 3)).view().size(), 3U);
}

TEST(SharedText, ACopyIsTheSameBytesAndOutlivesTheFirst) {
  auto first = std::make_unique<SharedText>(std::string(1000, 'x'));
  SharedText copy = *first;
  EXPECT_EQ(copy.view().data(), first->view().data());
  first.reset();
  EXPECT_EQ(copy.view(), std::string(1000, 'x'));
  copy = SharedText("y");
  SharedText moved = std::move(copy);
  EXPECT_EQ(moved, "y");
}

TEST(SharedText, WhatRepeatsIsKeptOnceUnlessItIsLong) {
  EXPECT_EQ(SharedText::common("name").view().data(), SharedText::common(std::string("name")).view().data());
  const std::string text(SharedText::kLongestCommon + 1, 'x');
  EXPECT_NE(SharedText::common(text).view().data(), SharedText::common(text).view().data());
  for (int i = 0; i < 20'000; ++i) EXPECT_EQ(SharedText::common(std::to_string(i)), std::to_string(i));
}

TEST(SharedText, OfOtherThreadsOutlivesThem) {
  std::vector<SharedText> texts(4);
  {
    std::vector<std::jthread> threads;
    for (auto& text : texts) threads.emplace_back([&text] { text = SharedText::common("shared"); });
  }
  for (const auto& text : texts) EXPECT_EQ(text, "shared");
}

}  // namespace
}  // namespace invar
