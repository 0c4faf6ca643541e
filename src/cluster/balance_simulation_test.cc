// Nodes that gossip and share targets by their measured cost, in virtual time: whatever comes and goes, and whatever gets lost, each target
// has one owner when things have settled, and the cost evens out.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "cluster/testing/gossip_engine.h"

namespace invar::cluster::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Engine = GossipEngine<true>;

class BalanceSimulation : public ::testing::Test {
 protected:
  static constexpr int kTargets = 2000;
  static constexpr Duration kStep = seconds(15);

  BalanceSimulation() {
    std::lognormal_distribution<> cost(8, 1.5);
    for (int i = 0; i < kTargets; ++i) targets_.push_back({chance_(), cost(chance_)});
  }
  void start(int n) {
    engine_.start(n);
    here_.insert(n);
  }
  // Everybody works: each owner measures what its targets take.
  void work(Duration time) {
    for (; time > Duration::zero(); time -= kStep) {
      for (const int n : here_) {
        const auto ownership = engine_.node(n).ownership();
        component::CostSink& costs = *engine_.node(n).costs();
        for (const auto& [key, cost] : targets_) {
          if (!ownership->owns(key)) continue;
          costs.note(key, static_cast<std::uint64_t>(cost),
                     std::chrono::microseconds(static_cast<int>(cost)));
        }
      }
      engine_.loop().advance(kStep);
    }
  }
  std::map<int, int> owners() {
    std::map<int, int> out;
    for (const auto& target : targets_) {
      ++out[static_cast<int>(std::ranges::count_if(
          here_, [&](int n) { return engine_.node(n).ownership()->owns(target.first); }))];
    }
    return out;
  }
  std::set<std::string> plans() {
    std::set<std::string> ids;
    for (const int n : here_) {
      const auto shares = engine_.node(n).shares();
      ids.insert(shares && shares->basis().plan ? shares->basis().plan->id : "");
    }
    return ids;
  }
  double max_to_mean() {
    std::map<std::string, double> load;
    double sum = 0;
    for (const auto& [key, cost] : targets_) {
      load[std::string(engine_.node(*here_.begin()).ownership()->owner(key))] += cost;
      sum += cost;
    }
    double most = 0;
    for (const auto& [node, cost] : load) most = std::max(most, cost);
    return most * static_cast<double>(here_.size()) / sum;
  }

  std::mt19937_64 chance_{7};
  std::vector<std::pair<std::uint64_t, double>> targets_;
  Engine engine_;
  std::set<int> here_;
};

const std::map<int, int> kOneEach{{1, 2000}};

TEST_F(BalanceSimulation, CostsEvenOutThoughMessagesGetLost) {
  engine_.net().loss = engine_.balancers().loss = 0.1;
  for (int n = 0; n < 8; ++n) start(n);
  work(minutes(2));
  EXPECT_GT(max_to_mean(), 1.1) << "by the ring it is not even";
  work(minutes(70));
  EXPECT_EQ(owners(), kOneEach);
  EXPECT_LE(max_to_mean(), 1.1);
  EXPECT_EQ(plans().size(), 1U);

  start(8);  // finds the plan at its join
  work(minutes(10));
  EXPECT_EQ(owners(), kOneEach);
  EXPECT_LE(max_to_mean(), 1.12);
  here_.erase(0);  // the leader dies
  engine_.forget(0);
  work(minutes(20));
  EXPECT_EQ(owners(), kOneEach);
  EXPECT_LE(max_to_mean(), 1.12);
  EXPECT_EQ(plans().size(), 1U);
}

TEST_F(BalanceSimulation, WhateverNodesDoEachTargetHasOneOwnerAfterSettling) {
  engine_.net().loss = engine_.balancers().loss = 0.1;
  int next = 0;
  for (; next < 5; ++next) start(next);
  work(minutes(6));
  for (int step = 0; step < 12; ++step) {
    const auto some = *std::next(here_.begin(), static_cast<std::ptrdiff_t>(chance_() % here_.size()));
    const auto what = chance_() % 3;
    if (here_.size() < 4 || (what == 0 && here_.size() < 8)) {
      start(next++);
    } else if (what == 1) {
      here_.erase(some);
      engine_.stop(some, [this, some] { engine_.loop().post([this, some] { engine_.forget(some); }); });
    } else {
      here_.erase(some);
      engine_.forget(some);
    }
    work(minutes(2));
    EXPECT_EQ(owners(), kOneEach) << "step " << step;
    EXPECT_EQ(plans().size(), 1U) << "step " << step;
  }
}

TEST_F(BalanceSimulation, PartsPlanForThemselvesAndFollowOnePlanWhenTheyMeetAgain) {
  for (int n = 0; n < 6; ++n) start(n);
  work(minutes(15));
  const auto half = [](const std::string& address) { return address < "10.0.0.4:80"; };
  engine_.net().cut = engine_.balancers().cut = [half](const std::string& a, const std::string& b) {
    return half(a) != half(b);
  };
  work(minutes(15));
  EXPECT_EQ(owners(), (std::map<int, int>{{2, 2000}})) << "each part works alone";
  EXPECT_EQ(plans().size(), 2U);
  engine_.net().cut = engine_.balancers().cut = {};
  work(minutes(5));
  EXPECT_EQ(owners(), kOneEach);
  EXPECT_EQ(plans().size(), 1U);
}

TEST_F(BalanceSimulation, OneNodeThatDoesNotWeighKeepsAllToTheRing) {
  for (int n = 0; n < 3; ++n) start(n);
  work(minutes(15));
  engine_.start(3, {}, false);
  work(seconds(30));
  const Ring ring({"node-0", "node-1", "node-2", "node-3"});
  for (const int n : {0, 1, 2, 3}) {
    for (const auto& target : targets_)
      ASSERT_EQ(engine_.node(n).ownership()->owner(target.first), ring.owner(target.first));
  }
  const auto problems = engine_.balancers().at(Engine::address(0)).problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_TRUE(problems[0].sentence.ends_with("They are node-3")) << problems[0].sentence;
  engine_.forget(3);
  work(minutes(5));
  EXPECT_EQ(owners(), kOneEach);
  EXPECT_TRUE(engine_.balancers().at(Engine::address(0)).problems().empty());
}

}  // namespace
}  // namespace invar::cluster::testing
