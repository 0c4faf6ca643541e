#include "webapi/params.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

constexpr UnixNanos kASecond = 1'000'000'000, kNow = 1'800'000'000 * kASecond;

http::ServerRequest request(std::string query) {
  http::ServerRequest out;
  out.query = std::move(query);
  return out;
}

TEST(Params, TimesAreAbsoluteOrRelative) {
  EXPECT_EQ(time_named("now", kNow), kNow);
  EXPECT_EQ(time_named("-90s", kNow), kNow - 90 * kASecond);
  EXPECT_EQ(time_named("-1h30m", kNow), kNow - 5400 * kASecond);
  EXPECT_EQ(time_named("-800000h", kNow), 0) << "before 1970";
  EXPECT_EQ(time_named("1800000000000", kNow), kNow);
  EXPECT_EQ(time_named("2027-01-15T08:00:00Z", kNow), kNow);
  for (const char* text : {"", "yesterday", "5m", "-", "-5", "99999999999999999", "1960-01-01T00:00:00Z"})
    EXPECT_FALSE(time_named(text, kNow)) << text;
}

TEST(Params, TheFirstMistakeNamesItsParameter) {
  const auto asked = request("limit=0&offset=x");
  Params params(asked, kNow);
  params.limit();
  params.offset();
  ASSERT_TRUE(params.error());
  EXPECT_EQ(params.error()->field, "limit");
  EXPECT_EQ(params.error()->text, "limit must be a whole number from 1 to 200");
}

TEST(Params, WhatIsNotGivenHasItsDefault) {
  const auto asked = request("");
  Params params(asked, kNow);
  EXPECT_EQ(params.limit(), 100u);
  EXPECT_EQ(params.offset(), 0u);
  EXPECT_EQ(params.choice("by", {"none", "cause"}), 0u);
  EXPECT_FALSE(params.selector("q"));
  EXPECT_FALSE(params.time("from"));
  EXPECT_FALSE(params.error());
}

TEST(Params, UnknownWordsAreErrorsNotIgnored) {
  constexpr std::array<std::string_view, 2> kKnown = {"failing", "ok"};
  for (const char* query : {"by=colour", "state=failing,blue", "q={a=", "from=soon", "find=%ff"}) {
    const auto asked = request(query);
    Params params(asked, kNow);
    params.choice("by", {"none", "cause"});
    params.choices("state", kKnown);
    params.selector("q");
    params.time("from");
    params.text("find");
    ASSERT_TRUE(params.error()) << query;
    EXPECT_EQ(params.error()->status, 400);
    EXPECT_TRUE(std::string_view(query).starts_with(params.error()->field)) << query;
  }
}

TEST(Params, ListsAndExpressionsAreRead) {
  constexpr std::array<std::string_view, 3> kKnown = {"failing", "late", "ok"};
  const auto asked = request("state=ok,failing&q=%7Ba%3D%22b%22%7D");
  Params params(asked, kNow);
  EXPECT_EQ(params.choices("state", kKnown), (std::vector<std::size_t>{2, 0}));
  const auto selector = params.selector("q");
  ASSERT_TRUE(selector);
  EXPECT_TRUE(selector->matches(Labels{{"a", "b"}}));
  EXPECT_FALSE(selector->matches(Labels{{"a", "c"}}));
}

}  // namespace
}  // namespace invar::webapi
