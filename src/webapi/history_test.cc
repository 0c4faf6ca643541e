#include "webapi/history.h"

#include <gtest/gtest.h>

#include <cmath>

namespace invar::webapi {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;
constexpr UnixNanos kStart = 1'800'000'000 * kSecond;  // a multiple of both steps

Reading reading(double taken, double queued) {
  Reading out{};
  out[*series_named("taken")] = taken;
  out[*series_named("queued")] = queued;
  return out;
}

std::vector<double> last_hour(const History& history, std::string_view name, UnixNanos now) {
  return history.values(*series_named(name), history.range(now - 3590 * kSecond, now, now));
}

TEST(History, CountersBecomeRatesAndGaugesStay) {
  History history;
  history.add(kStart, reading(100, 5));
  history.add(kStart + 10 * kSecond, reading(150, 7));
  const auto taken = last_hour(history, "taken", kStart + 10 * kSecond);
  ASSERT_EQ(taken.size(), 360u);
  EXPECT_DOUBLE_EQ(taken.back(), 5);
  EXPECT_TRUE(std::isnan(taken[358])) << "a rate needs two readings";
  EXPECT_DOUBLE_EQ(last_hour(history, "queued", kStart + 10 * kSecond).back(), 7);
}

TEST(History, ACounterThatFellBeganAnew) {
  History history;
  history.add(kStart, reading(1000, 0));
  history.add(kStart + 10 * kSecond, reading(20, 0));
  EXPECT_DOUBLE_EQ(last_hour(history, "taken", kStart + 10 * kSecond).back(), 2);
}

TEST(History, IsBoundedAndADayIsCoarser) {
  History history;
  UnixNanos now = kStart;
  for (int i = 0; i < 10'000; ++i, now += 10 * kSecond) history.add(now, reading(i * 10.0, 1));
  now -= 10 * kSecond;
  const auto hour = history.range(now - 3590 * kSecond, now, now);
  EXPECT_EQ(hour.step_s, 10);
  const auto day = history.range(now - 30 * 3600 * kSecond, now, now);
  EXPECT_EQ(day.step_s, 300);
  EXPECT_EQ(day.points, History::kCoarsePoints);
  const auto values = history.values(*series_named("taken"), day);
  EXPECT_DOUBLE_EQ(values[100], 1);
  EXPECT_LT(history.serialize().size(), 200'000u);
}

TEST(History, MarksStartsAndReloadsAndKeepsThemOverTheDisk) {
  using Kind = History::MarkKind;
  History history;
  for (std::size_t i = 0; i < History::kMostMarks; ++i) history.mark(kStart - 7200 * kSecond, Kind::kReload);
  history.mark(kStart + 5 * kSecond, Kind::kStart);
  history.mark(kStart + 65 * kSecond, Kind::kReload);
  history.mark(kStart + 95 * kSecond, Kind::kRefusedReload);
  const UnixNanos now = kStart + 100 * kSecond;
  const std::vector<History::Mark> wanted = {{kStart / kSecond + 5, Kind::kStart},
                                             {kStart / kSecond + 65, Kind::kReload},
                                             {kStart / kSecond + 95, Kind::kRefusedReload}};
  EXPECT_EQ(history.marks(history.range(kStart, now, now)), wanted);
  const History again = History::parse(history.serialize(), now);
  EXPECT_EQ(again.marks(again.range(kStart, now, now)), wanted);
  EXPECT_EQ(again.marks(again.range(now - 5 * 3600 * kSecond, now, now)).size(), History::kMostMarks);
  EXPECT_TRUE(History::parse("invar history 1\nmark 5 nonsense\nmark x reload\n", now)
                  .marks(again.range(0, now, now))
                  .empty());
}

TEST(History, SurvivesTheDisk) {
  History history;
  for (int i = 0; i < 50; ++i) history.add(kStart + i * 10 * kSecond, reading(i, i));
  const UnixNanos now = kStart + 490 * kSecond;
  const History again = History::parse(history.serialize(), now);
  EXPECT_EQ(again.serialize(), history.serialize());
  // The time that the process did not run is not known.
  History later = again;
  later.add(now + 100 * kSecond, reading(3, 3));
  const auto queued = last_hour(later, "queued", now + 100 * kSecond);
  EXPECT_DOUBLE_EQ(queued.back(), 3);
  EXPECT_TRUE(std::isnan(queued[queued.size() - 2]));
}

TEST(History, ADamagedFileCostsItsBadLinesAlone) {
  History history;
  history.add(kStart, reading(1, 1));
  const std::string good = history.serialize();
  EXPECT_EQ(History::parse(good + "10 x y\nnonsense\n10 99 1 2\n", kStart).serialize(), good);
  EXPECT_EQ(History::parse("another file\n" + good, kStart).latest(), nullptr);
  EXPECT_EQ(History::parse(good, kStart - 3600 * kSecond).latest(), nullptr) << "of the future";
  EXPECT_EQ(History::parse("", kStart).latest(), nullptr);
}

}  // namespace
}  // namespace invar::webapi
