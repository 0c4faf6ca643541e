// Plans and the weighing that makes them: balance, few moves, and a table that every node reads the same way.
#include "cluster/weigh.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "cluster/balancer.h"
#include "cluster/costs.h"

namespace invar::cluster {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Target {
  std::uint64_t key;
  double bytes, cpu;
};

// A few cost thousands of times what most do.
std::vector<Target> skewed_targets(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 chance(seed);
  std::lognormal_distribution<> bytes(10, 1.5), per_byte(0, 0.5);
  std::vector<Target> out;
  for (std::size_t i = 0; i < count; ++i) {
    const double size = bytes(chance);
    out.push_back({chance(), size, size * per_byte(chance)});
  }
  return out;
}

std::vector<SlotCost> costs_of(const std::vector<Target>& targets) {
  std::vector<SlotCost> costs(kSlots);
  for (const Target& target : targets) {
    costs[slot_of(target.key)].bytes += target.bytes;
    costs[slot_of(target.key)].cpu += target.cpu;
  }
  return costs;
}

Shares shares_of(std::vector<std::string> names, PlanPtr plan) {
  std::ranges::sort(names);
  return Shares({std::move(names), true, std::move(plan)});
}

std::vector<std::string> names_of(int nodes) {
  std::vector<std::string> names;
  for (int i = 0; i < nodes; ++i) names.push_back(fmt::format("node-{:04}", i));
  return names;
}

// Bytes and CPU, each in its share of the whole.
double max_to_mean(const Shares& shares, const std::vector<Target>& targets) {
  double bytes = 0, cpu = 0;
  for (const Target& target : targets) {
    bytes += target.bytes;
    cpu += target.cpu;
  }
  std::map<std::string_view, double> load;
  for (const Target& t : targets) load[shares.owner(t.key)] += (t.bytes / bytes + t.cpu / cpu) / 2;
  double most = 0;
  for (const auto& [node, cost] : load) most = std::max(most, cost);
  return most * static_cast<double>(shares.basis().names.size());
}

struct Moved {
  double targets = 0, cost = 0;  // parts of the whole
};
Moved moved(const Shares& before, const Shares& after, const std::vector<Target>& targets) {
  double bytes = 0, count = 0, cost = 0;
  for (const Target& target : targets) {
    bytes += target.bytes;
    if (before.owner(target.key) == after.owner(target.key)) continue;
    ++count;
    cost += target.bytes;
  }
  return {count / static_cast<double>(targets.size()), cost / bytes};
}

class HundredNodes : public ::testing::Test {
 protected:
  static constexpr double kNodes = 100;

  // Plan after plan, as the leader makes them, until there is nothing to do; each moves little.
  void settle(std::vector<std::string> names, const std::set<std::string>& remembered = {}) {
    for (int i = 0; i < 50; ++i) {
      const Shares now = shares_of(names, plan_);
      const Weighed weighed = weigh(now, costs_, remembered);
      if (!weighed.plan) return;
      const Shares next = shares_of(names, weighed.plan);
      EXPECT_LE(moved(now, next, targets_).targets, 0.02 + 0.003) << "of one plan";
      EXPECT_LE(moved(now, next, targets_).cost, 0.02 + 0.003);
      plan_ = weighed.plan;
    }
    FAIL() << "it never comes to rest";
  }

  const std::vector<Target> targets_ = skewed_targets(100'000, 1);
  const std::vector<SlotCost> costs_ = costs_of(targets_);
  PlanPtr plan_;
};

TEST_F(HundredNodes, CarryTheSameCostAfterSomePlans) {
  const auto names = names_of(100);
  EXPECT_GT(max_to_mean(shares_of(names, nullptr), targets_), 1.2) << "by the ring it is not even";
  settle(names);
  EXPECT_LE(max_to_mean(shares_of(names, plan_), targets_), 1.1);
}

TEST_F(HundredNodes, OneThatComesTakesItsShareAndLittleElseMoves) {
  auto names = names_of(100);
  settle(names);
  const Shares before = shares_of(names, plan_);
  names.push_back("node-9999");
  EXPECT_EQ(moved(before, shares_of(names, plan_), targets_).targets, 0) << "nothing moves before the plan";
  const Weighed weighed = weigh(shares_of(names, plan_), costs_, {});
  ASSERT_TRUE(weighed.plan);
  EXPECT_GT(weighed.plan->epoch, plan_->epoch);
  const Shares after = shares_of(names, weighed.plan);
  EXPECT_LE(max_to_mean(after, targets_), 1.1);
  EXPECT_LE(moved(before, after, targets_).targets, 1 / kNodes + 0.02);
  EXPECT_LE(moved(before, after, targets_).cost, 1 / kNodes + 0.02);
  EXPECT_GT(moved(before, after, targets_).cost, 0.9 / kNodes);
}

TEST_F(HundredNodes, WhatOneLeavesGoesToAllOthersAndLittleElseMoves) {
  auto names = names_of(100);
  settle(names);
  const Shares before = shares_of(names, plan_);
  names.erase(names.begin() + 42);
  const Shares between = shares_of(names, plan_);
  for (const Target& target : targets_) {
    if (before.owner(target.key) != "node-0042") {
      ASSERT_EQ(before.owner(target.key), between.owner(target.key)) << "without a leader";
    }
  }
  const Weighed weighed = weigh(between, costs_, {"node-0042"});
  const Shares after = weighed.plan ? shares_of(names, weighed.plan) : between;
  EXPECT_LE(max_to_mean(after, targets_), 1.1);
  EXPECT_LE(moved(before, after, targets_).targets, 1 / kNodes + 0.02);
  EXPECT_LE(moved(before, after, targets_).cost, 1 / kNodes + 0.02);

  names.push_back("node-0042");
  const Shares back = shares_of(names, weighed.plan ? weighed.plan : plan_);
  EXPECT_LE(moved(before, back, targets_).targets, 0.02) << "one that comes back has what was its own";
}

TEST_F(HundredNodes, OneThatIsForgottenIsInNoPlan) {
  auto names = names_of(100);
  settle(names);
  names.pop_back();
  settle(names);
  EXPECT_FALSE(std::ranges::binary_search(plan_->nodes, "node-0099"));
}

TEST(WeighTest, WithoutAnyMeasureNodesHaveAsManySlots) {
  const Weighed weighed =
      weigh(shares_of(names_of(4), make_plan(7, std::vector<std::string>(kSlots, "node-0000"))),
            std::vector<SlotCost>(kSlots), {});
  ASSERT_TRUE(weighed.plan);
  EXPECT_EQ(weighed.plan->epoch, 8U);
  EXPECT_LE(weighed.after, 1.05);
}

TEST(WeighTest, FewTargetsMoveOneByOne) {
  std::vector<SlotCost> costs(kSlots);
  for (std::size_t i = 0; i < 12; ++i)
    costs[i * (kSlots / 16)] = {1, 1};  // the first three quarters of the keys
  std::vector<std::string> owners;
  for (std::size_t slot = 0; slot < kSlots; ++slot) owners.push_back(slot < kSlots / 2 ? "a" : "b");
  PlanPtr plan = make_plan(1, owners);
  const Weighed weighed = weigh(shares_of({"a", "b"}, plan), costs, {});
  ASSERT_TRUE(weighed.plan);
  EXPECT_NEAR(weighed.before, 8 / 6.0, 0.02);
  int moved = 0;
  for (std::size_t slot = 0; slot < kSlots; ++slot)
    moved += costs[slot].bytes > 0 && weighed.plan->nodes[weighed.plan->owners[slot]] != owners[slot];
  EXPECT_EQ(moved, 1);
}

TEST(WeighTest, AnEvenClusterIsLeftAlone) {
  std::vector<std::string> owners;
  for (std::size_t slot = 0; slot < kSlots; ++slot) owners.push_back(slot % 2 == 0 ? "a" : "b");
  const Shares even = shares_of({"a", "b"}, make_plan(1, owners));
  EXPECT_FALSE(weigh(even, std::vector<SlotCost>(kSlots, {1, 1}), {}).plan);
}

TEST(WeighTest, OneTargetThatOutweighsAllOthersDoesNotMoveAboutForEver) {
  std::vector<SlotCost> costs(kSlots, {1, 0});
  costs[5] = {1e6, 0};
  PlanPtr plan;
  int plans = 0;
  while (const auto weighed = weigh(shares_of(names_of(5), plan), costs, {}).plan) {
    plan = weighed;
    ASSERT_LT(++plans, 100);
  }
}

TEST(PlanTest, IsReadAsItWasTold) {
  for (const int nodes : {1, 3, 256, 257, 1000}) {
    const auto names = names_of(nodes);
    std::vector<std::string> owners;
    for (std::size_t slot = 0; slot < kSlots; ++slot) owners.push_back(names[slot % names.size()]);
    const PlanPtr plan = make_plan(42, owners);
    const auto read = decode_plan(plan->bytes);
    ASSERT_TRUE(read) << nodes;
    EXPECT_EQ((*read)->epoch, 42U);
    EXPECT_EQ((*read)->id, plan->id);
    EXPECT_EQ((*read)->nodes, plan->nodes);
    EXPECT_EQ((*read)->owners, plan->owners);
    EXPECT_FALSE(decode_plan(plan->bytes + "x"));
    for (const std::size_t length : {0UL, 1UL, 5UL, plan->bytes.size() / 2, plan->bytes.size() - 1})
      EXPECT_FALSE(decode_plan(plan->bytes.substr(0, length)));
    std::string damaged = plan->bytes;
    damaged.replace(damaged.size() - 2, 2, "\xff\xff");
    EXPECT_EQ(decode_plan(damaged).has_value(), nodes == 256) << "an owner that is not among the nodes";
  }
}

TEST(PlanTest, OfTwoOneHoldsWhoeverKnowsThem) {
  const PlanPtr old = make_plan(1, std::vector<std::string>(kSlots, "a"));
  const PlanPtr one = make_plan(2, std::vector<std::string>(kSlots, "a"));
  const PlanPtr other = make_plan(2, std::vector<std::string>(kSlots, "b"));
  EXPECT_TRUE(is_newer(old, nullptr));
  EXPECT_TRUE(is_newer(one, old));
  EXPECT_FALSE(is_newer(old, one));
  EXPECT_FALSE(is_newer(one, one));
  EXPECT_NE(is_newer(one, other), is_newer(other, one));
}

TEST(CostsTest, AreThoseOfTheLastHour) {
  Costs costs;
  async::TimePoint now{std::chrono::hours(5)};
  const auto all = [](std::size_t) { return true; };
  const std::uint64_t key = middle_of(7);
  costs.note(key, 600, seconds(6), now);
  EXPECT_TRUE(costs.rates(now, all).empty()) << "too early";
  now += minutes(2);
  EXPECT_EQ(costs.rates(now, all), (std::vector<Costs::Rate>{{7, 5, 50'000'000}}));
  for (int i = 0; i < 120; ++i) {
    costs.note(key, 600, seconds(6), now);
    now += minutes(1);
  }
  const auto rates = costs.rates(now, all);
  ASSERT_EQ(rates.size(), 1U);
  EXPECT_NEAR(static_cast<double>(rates[0].bytes), 10, 1);
  now += minutes(61);
  EXPECT_EQ(costs.rates(now, all), (std::vector<Costs::Rate>{{7, 0, 0}}));
  costs.note(key, 600, seconds(6), now);
  EXPECT_TRUE(costs.rates(now, [](std::size_t) { return false; }).empty());
  now += minutes(1);
  EXPECT_TRUE(costs.rates(now, all).empty()) << "what was another's meanwhile is measured anew";
}

TEST(CostReportTest, IsReadAsItWasToldOrNotAtAll) {
  const CostReport report{"prod", "node-1", {{0, 1, 2}, {kSlots - 1, 1ULL << 40, 3}}};
  EXPECT_EQ(decode_cost_report(encode(report)), report);
  const std::string bytes = encode(report);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_cost_report(bytes.substr(0, length)));
  EXPECT_FALSE(decode_cost_report(encode(CostReport{"prod", "node-1", {{kSlots, 1, 2}}})));
  EXPECT_FALSE(decode_cost_report(bytes + "x"));
}

}  // namespace
}  // namespace invar::cluster
