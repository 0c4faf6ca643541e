#include "webapi/ledger_shots.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::webapi {
namespace {

const LedgerKey kKey{"pyroscope.write.w", "http://a", "memory"};

LedgerShot shot(UnixNanos at, LedgerCounts counts, std::uint64_t passed) {
  return {.at_unix_ns = at, .passed = {{"pyroscope.scrape.s", passed}}, .rows = {{kKey, counts}}};
}
bool adds_up(const LedgerCounts& row) {
  return row.taken == row.sent + row.queued + row.refused + row.expired + row.dropped;
}

TEST(LedgerShots, BetweenTwoEveryRowStillAddsUp) {
  const LedgerShot then = shot(1, {.taken = 100, .sent = 80, .queued = 15, .refused = 5}, 100);
  const LedgerShot now = shot(2, {.taken = 130, .sent = 118, .queued = 3, .refused = 6, .dropped = 3}, 130);
  const LedgerShot between = since(now, then);
  EXPECT_EQ(between.at_unix_ns, 1);
  EXPECT_EQ(between.rows.at(kKey),
            (LedgerCounts{.taken = 45, .sent = 38, .queued = 3, .refused = 1, .dropped = 3}));
  EXPECT_TRUE(adds_up(between.rows.at(kKey)));
  EXPECT_EQ(between.passed.at("pyroscope.scrape.s"), 30u);
}

TEST(LedgerShots, WhatFellOrIsNewCountsFromItsBegin) {
  const LedgerShot then = shot(1, {.taken = 100, .sent = 100}, 100);
  LedgerShot now = shot(2, {.taken = 7, .sent = 6, .queued = 1}, 7);
  now.rows[{"pyroscope.write.w", "http://b", "memory"}] = {.taken = 2, .sent = 2};
  const LedgerShot between = since(now, then);
  EXPECT_EQ(between.rows, now.rows);
  EXPECT_EQ(between.passed, now.passed);
}

class NoComponents : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<component::ComponentView> list(std::string_view) const override { return {}; }
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
};

TEST(LedgerShots, AreKeptForAnHour) {
  async::testing::TestLoop loop;
  const NoComponents components;
  ApiHost host;
  host.loop = &loop;
  host.components = &components;
  host.started_unix_ns = loop.unix_ns();
  const LedgerShots shots(host);
  constexpr UnixNanos kMinute = 60'000'000'000;
  EXPECT_EQ(shots.at(0).at_unix_ns, host.started_unix_ns);
  loop.advance(std::chrono::minutes(30));
  EXPECT_EQ(shots.at(loop.unix_ns() - 60 * kMinute).at_unix_ns, host.started_unix_ns);
  EXPECT_EQ(shots.at(loop.unix_ns() - 10 * kMinute).at_unix_ns, loop.unix_ns() - 10 * kMinute);
  loop.advance(std::chrono::hours(3));
  EXPECT_EQ(shots.at(0).at_unix_ns, loop.unix_ns() - 60 * kMinute);
}

}  // namespace
}  // namespace invar::webapi
