#include "pprof/delta_choice.h"

#include <gtest/gtest.h>

#include <string>

namespace invar::pprof {
namespace {

// One column; `stacks` of `before` and `now` side by side, the baseline and the profile holding nothing else.
Fit fit(const std::vector<std::pair<double, double>>& stacks) {
  Fit out{.columns = {ColumnFit{}}};
  ColumnFit& c = out.columns[0];
  for (const auto& [before, now] : stacks) {
    c.before += before;
    c.common += before;
    c.now += now;
    c.distance += now > before ? now - before : before - now;
    ++out.common_stacks;
    if (now >= before) continue;
    ++out.fallen_stacks;
    c.fell += before;
    c.lost += before - now;
  }
  return out;
}

std::vector<std::pair<double, double>> stacks(int count, double before, double now) {
  return std::vector<std::pair<double, double>>(static_cast<std::size_t>(count), {before, now});
}
std::vector<std::pair<double, double>> operator+(std::vector<std::pair<double, double>> a,
                                                 const std::vector<std::pair<double, double>>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(DeltaChoice, CountersDecide) {
  struct Row {
    const char* what;
    std::vector<std::pair<double, double>> stacks;
    Verdict verdict;
  };
  const std::vector<Row> rows = {
      {"nothing known", {}, Verdict::kContinues},
      {"nothing happened", stacks(10, 5, 5), Verdict::kContinues},
      {"running on", stacks(10, 5, 6), Verdict::kContinues},
      {"one rare stack falls by one", stacks(50, 1e9, 1e9) + stacks(1, 2, 1), Verdict::kDips},
      {"the heaviest stack falls a little", stacks(50, 1e3, 1e3) + stacks(1, 1e9, 0.99e9), Verdict::kDips},
      {"the only stack falls a little", stacks(1, 1e9, 1e9 - 1), Verdict::kDips},
      {"three of ten fall a little", stacks(7, 1e6, 1e6) + stacks(3, 1e6, 0.999e6), Verdict::kDips},
      {"the only stack falls to a third", stacks(1, 9, 3), Verdict::kFell},
      {"everything starts anew", stacks(50, 1e9, 1e3), Verdict::kFell},
      {"start-up is the same, the work anew", stacks(100, 1e3, 1e3) + stacks(2, 1e9, 10), Verdict::kFell},
      {"a twin that did more, in a few stacks less", stacks(46, 100, 200) + stacks(4, 100, 50),
       Verdict::kFell},
      {"a twin that did a little less", stacks(50, 1e9, 0.97e9), Verdict::kFell},
      {"half of the stacks fall, half rise", stacks(20, 100, 90) + stacks(20, 100, 110), Verdict::kFell},
  };
  for (const auto& row : rows) EXPECT_EQ(judge(fit(row.stacks)), row.verdict) << row.what;
}

TEST(DeltaChoice, OneProcessAlone) {
  const Fit on = fit(stacks(10, 100, 110)), fell = fit(stacks(10, 100, 3));
  EXPECT_EQ(choose(std::vector{on}, false).is, Choice::Is::kContinued);
  EXPECT_EQ(choose(std::vector{fell}, false).is, Choice::Is::kRestarted);
}

TEST(DeltaChoice, AfterARestartTheNewProcessGoesOnUnlessTheOldOneIsMuchCloser) {
  const auto is = [](const Fit& newest, const Fit& old) {
    const Choice choice = choose(std::vector{newest, old}, false);
    return choice.is == Choice::Is::kRestarted ? std::string("restarted") : std::to_string(choice.baseline);
  };
  const auto now_100 = [](double before) { return fit(stacks(10, before, 100)); };
  EXPECT_EQ(is(now_100(90), now_100(1000)), "0");
  EXPECT_EQ(is(now_100(90), now_100(50)), "0") << "the new process has outgrown the old one";
  EXPECT_EQ(is(now_100(90), now_100(95)), "0") << "closer, yet not by much";
  EXPECT_EQ(is(now_100(50), now_100(99)), "1") << "the old process runs on";
  EXPECT_EQ(is(now_100(1000), now_100(99)), "1");
  EXPECT_EQ(is(now_100(1000), now_100(60)), "restarted") << "a process that restarts again and again";
  EXPECT_EQ(is(now_100(1000), now_100(900)), "restarted");
}

TEST(DeltaChoice, OfSeveralTheNearestGoesOn) {
  const auto now_100 = [](double before) { return fit(stacks(10, before, 100)); };
  Choice choice = choose(std::vector{now_100(60), now_100(95), now_100(900)}, true);
  EXPECT_EQ(choice.is, Choice::Is::kContinued);
  EXPECT_EQ(choice.baseline, 1U);
  EXPECT_EQ(choose(std::vector{now_100(10), now_100(30), now_100(500)}, true).is, Choice::Is::kUnknown)
      << "in the middle of its life: its totals did not happen now";
  EXPECT_EQ(choose(std::vector{now_100(5000), now_100(3000)}, true).is, Choice::Is::kRestarted)
      << "so little that it has just started";
  choice = choose(std::vector{now_100(5000), now_100(20)}, true);
  EXPECT_EQ(choice.is, Choice::Is::kContinued) << "a young process may grow by much";
  EXPECT_EQ(choice.baseline, 1U);
}

TEST(DeltaChoice, WhoMakesRoom) {
  using S = Standing;
  const auto leaving = [](const std::vector<S>& baselines, Choice::Is newcomer) {
    return to_replace(baselines, newcomer);
  };
  constexpr auto kUnknown = Choice::Is::kUnknown, kRestarted = Choice::Is::kRestarted;
  EXPECT_EQ(leaving({S{1, true}, S{2, false}, S{3, false}}, kUnknown), 1U)
      << "the youngest that nothing continued";
  EXPECT_EQ(leaving({S{1, true}, S{2, true}, S{5, true}}, kUnknown), 3U) << "nobody";
  EXPECT_EQ(leaving({S{1, true}, S{2, true}, S{5, true}}, kRestarted), 2U);
  EXPECT_EQ(leaving({S{1, true}, S{20, true}, S{5, true}}, kUnknown), 1U) << "long silent";
}

}  // namespace
}  // namespace invar::pprof
