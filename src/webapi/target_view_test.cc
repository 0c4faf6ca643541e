#include "webapi/target_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/reader.h"

namespace invar::webapi {
namespace {

using component::TargetRow;
using component::TargetState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TargetViewTest : public ::testing::Test {
 protected:
  void add(std::string_view instance, std::string_view service, TargetState state, std::string cause = {},
           std::string text = {}, UnixNanos since = 0) {
    TargetRow row;
    row.id = std::string(instance);
    row.labels = Labels{{"instance", instance}, {"service_name", service}, {"__address__", instance}};
    row.type = "memory";
    row.state = state;
    row.cause = std::move(cause);
    row.text = std::move(text);
    row.since_unix_ns = since;
    rows_->rows.push_back({std::move(row), 0});
  }
  std::vector<std::string> names(const TargetQuery& query) {
    std::vector<std::string> out;
    const TargetView view = make_view(rows_, query);
    for (const auto at : view.order) out.push_back(target_name(view.base->rows[at].target));
    return out;
  }
  std::shared_ptr<Collected> rows_ =
      std::make_shared<Collected>(Collected{.components = {"pyroscope.scrape.s"}, .rows = {}});
};

TEST_F(TargetViewTest, WhatRulesLeftOutIsShownWhenItIsAskedFor) {
  add("a:1", "x", TargetState::kOk);
  add("b:1", "x", TargetState::kLeftOut);
  EXPECT_THAT(names({}), ElementsAre("a:1"));
  EXPECT_THAT(names({.states = {4}}), ElementsAre("b:1"));
}

TEST_F(TargetViewTest, CountsAreOfWhatTheExpressionLeaves) {
  add("a:1", "x", TargetState::kOk);
  add("b:1", "x", TargetState::kFailing);
  add("c:1", "y", TargetState::kFailing);
  const TargetView view =
      make_view(rows_, {.selector = *Selector::parse("{service_name=\"x\"}"), .states = {0}});
  EXPECT_THAT(view.counts, ElementsAre(1, 0, 0, 1, 0));
  EXPECT_EQ(view.order.size(), 1u);
}

TEST_F(TargetViewTest, OneCauseIsOneGroupWhateverTheAddress) {
  add("a:1", "x", TargetState::kFailing, "connect", "connection refused by a:1", 200);
  add("b:1", "x", TargetState::kFailing, "connect", "connection refused by b:1", 100);
  add("c:1", "x", TargetState::kFailing, "timeout", "too slow");
  add("d:1", "x", TargetState::kOk);
  const TargetView view = make_view(rows_, {.by = GroupBy::kCause});
  ASSERT_EQ(view.groups.size(), 3u);
  EXPECT_EQ(view.groups[0].count, 2u);
  EXPECT_EQ(view.groups[0].text, "connection refused by …");
  EXPECT_EQ(view.groups[0].since_unix_ns, 100);
  EXPECT_EQ(view.groups[1].text, "too slow");
  EXPECT_EQ(view.groups[2].text, "Delivering");
  EXPECT_THAT(view.group_of, ElementsAre(0, 0, 1, 2));
}

TEST_F(TargetViewTest, AGroupHasTheStateOfItsWorst) {
  add("a:1", "x", TargetState::kOk);
  add("b:1", "x", TargetState::kFailing);
  add("c:1", "y", TargetState::kOk);
  const TargetView view = make_view(rows_, {.by = GroupBy::kService});
  ASSERT_EQ(view.groups.size(), 2u);
  EXPECT_EQ(view.groups[0].key, "x");
  EXPECT_EQ(view.groups[0].state, TargetState::kFailing);
}

TEST_F(TargetViewTest, SortsBothWaysAndEqualRowsByTheirName) {
  add("b:1", "x", TargetState::kOk);
  add("a:1", "x", TargetState::kOk);
  add("c:1", "a", TargetState::kOk);
  EXPECT_THAT(names({.sort = SortBy::kService}), ElementsAre("c:1", "a:1", "b:1"));
  EXPECT_THAT(names({.sort = SortBy::kService, .descending = true}), ElementsAre("a:1", "b:1", "c:1"));
}

TEST_F(TargetViewTest, APageIsJsonOfItsRowsAlone) {
  for (int i = 0; i < 30; ++i) add("host" + std::to_string(i) + ":1", "x", TargetState::kWaiting);
  const std::string page = rows_json(make_view(rows_, {}), "s1", 0, 10, 5);
  json::Reader in(page);
  EXPECT_TRUE(in.skip() && in.end());
  EXPECT_THAT(page, HasSubstr("\"total\":30,\"matched\":30"));
  EXPECT_THAT(page, HasSubstr("\"snapshot\":\"s1\""));
  EXPECT_THAT(page, HasSubstr("\"last\":null,\"took\":null,\"bytes\":null"));
  EXPECT_THAT(page, Not(HasSubstr("__address__")));
  std::size_t rows = 0;
  for (auto at = page.find("\"id\":"); at != std::string::npos; at = page.find("\"id\":", at + 1)) ++rows;
  EXPECT_EQ(rows, 5u);
}

TEST_F(TargetViewTest, TellsHowManyOfTheShownRowsAreOthersByNow) {
  for (int i = 0; i < 6; ++i) add("h" + std::to_string(i) + ":1", "x", TargetState::kOk);
  const TargetView view = make_view(rows_, {.sort = SortBy::kTarget});
  Collected now = *rows_;
  EXPECT_EQ(changed_since(view, now, 0, 200), 0u);
  now.rows[1].target.state = TargetState::kFailing;
  now.rows[2].target.last_unix_ns = 5;  // another scrape that went well is no change
  now.rows[4].target.text = "slower";
  now.rows.pop_back();
  EXPECT_EQ(changed_since(view, now, 0, 200), 3u);
  EXPECT_EQ(changed_since(view, now, 0, 2), 1u);
  now.components = {"pyroscope.scrape.another"};
  EXPECT_EQ(changed_since(view, now, 0, 200), 6u);
}

}  // namespace
}  // namespace invar::webapi
