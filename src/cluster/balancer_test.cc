// One node's balancer, with an engine that does what the test says, in virtual time.
#include "cluster/balancer.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::cluster {
namespace {

using std::chrono::seconds;

class SomeEngine final : public component::Cluster, public Balanced {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override { return nullptr; }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override {
    return {{"a", "a:80", "participant"}, {"b", "b:80", "participant"}};
  }
  [[nodiscard]] Subscription on_change(std::function<void()>) override { return nullptr; }
  [[nodiscard]] SharesPtr shares() const override { return now; }
  [[nodiscard]] std::vector<std::string> not_weighing() const override { return {}; }
  void propose(PlanPtr plan) override {
    ++proposed;
    if (takes_plans) follow(std::move(plan));
  }
  void follow(PlanPtr plan, std::vector<std::string> names = {"a", "b"}, bool by_cost = true) {
    now = std::make_shared<const Shares>(
        Basis{.names = std::move(names), .by_cost = by_cost, .plan = std::move(plan)});
  }

  SharesPtr now;
  bool takes_plans = true;
  int proposed = 0;
};

class BalancerTest : public ::testing::Test {
 protected:
  BalancerTest() { engine_.follow(all_to_a_); }
  std::unique_ptr<Balancer> balancer(const std::string& name) {
    return std::make_unique<Balancer>(
        Balancer::Environment{.loop = &loop_,
                              .pool = &pool_,
                              .cluster = &engine_,
                              .engine = &engine_,
                              .cluster_name = "prod",
                              .node_name = name,
                              .send =
                                  [this](const std::string& to, const std::string&, async::Task refused) {
                                    sent_.push_back(to);
                                    if (refuses_) loop_.post(std::move(refused));
                                  },
                              .logger = {},
                              .metrics = scope_.get()});
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_ = registry_->scope({});
  // Of two nodes, and the engine lets the plan go by.
  std::unique_ptr<Balancer> leader_whose_plan_is_not_followed() {
    auto leader = balancer("a");
    engine_.takes_plans = false;
    loop_.advance(seconds(6));
    EXPECT_TRUE(leader->hear({"prod", "b", {}}));
    loop_.advance(seconds(10));
    EXPECT_EQ(engine_.proposed, 1);
    engine_.takes_plans = true;
    return leader;
  }

  const PlanPtr all_to_a_ = make_plan(1, std::vector<std::string>(kSlots, "a"));
  SomeEngine engine_;
  std::vector<std::string> sent_;
  bool refuses_ = false;
};

TEST_F(BalancerTest, APlanThatGotLostIsMadeAgainAndOneThatHoldsIsTold) {
  const auto leader = balancer("a");
  engine_.takes_plans = false;
  loop_.advance(seconds(6));
  EXPECT_TRUE(leader->hear({"prod", "b", {}}));
  loop_.advance(seconds(10));
  EXPECT_EQ(engine_.proposed, 1);
  EXPECT_EQ(leader->balance().plan, 1U);
  engine_.takes_plans = true;
  loop_.advance(seconds(20));
  EXPECT_EQ(engine_.proposed, 2);
  loop_.advance(seconds(60));
  EXPECT_EQ(engine_.proposed, 2);

  const component::Balance balance = leader->balance();
  EXPECT_TRUE(balance.by_cost);
  EXPECT_EQ(balance.leader, "a");
  EXPECT_EQ(balance.plan, 2U);
  EXPECT_GT(balance.since_unix_ns, 0);
  EXPECT_NEAR(balance.moved, 0.5, 0.02);
  ASSERT_EQ(balance.nodes.size(), 2U);
  for (const auto& node : balance.nodes) {
    EXPECT_NEAR(node.keys, 0.5, 0.02);
    EXPECT_NEAR(node.cost.value_or(0), 0.5, 0.02);
  }
}

TEST_F(BalancerTest, ANodeThatWasToGetTargetsLeavesBeforeThePlanHolds) {
  const auto leader = leader_whose_plan_is_not_followed();
  engine_.follow(all_to_a_, {"a"});
  loop_.advance(seconds(60));
  EXPECT_EQ(engine_.proposed, 1) << "nothing to share out";
  EXPECT_EQ(leader->balance().nodes.size(), 1U);
  engine_.follow(all_to_a_);
  loop_.advance(seconds(6));
  EXPECT_TRUE(leader->hear({"prod", "b", {}}));
  loop_.advance(seconds(20));
  EXPECT_EQ(engine_.proposed, 2);
  ASSERT_EQ(leader->balance().nodes.size(), 2U);
  EXPECT_NEAR(leader->balance().nodes[1].keys, 0.5, 0.02);
}

TEST_F(BalancerTest, ANodeThatDoesNotWeighHoldsThePlanUpUntilItDoes) {
  const auto leader = leader_whose_plan_is_not_followed();
  engine_.follow(all_to_a_, {"a", "b"}, false);
  loop_.advance(seconds(60));
  EXPECT_EQ(engine_.proposed, 1);
  EXPECT_FALSE(leader->balance().by_cost);
  engine_.follow(all_to_a_);
  loop_.advance(seconds(10));
  EXPECT_EQ(engine_.proposed, 2);
  EXPECT_EQ(leader->balance().plan, 2U);
}

TEST_F(BalancerTest, APlanThatAnotherOvertookIsNotInsistedOn) {
  const auto leader = leader_whose_plan_is_not_followed();
  std::vector<std::string> halves(kSlots / 2, "b");
  halves.resize(kSlots, "a");
  engine_.follow(make_plan(2, halves));
  loop_.advance(seconds(120));
  EXPECT_EQ(engine_.proposed, 1);
  EXPECT_EQ(leader->balance().plan, 2U);
}

TEST_F(BalancerTest, WhatWasWeighedForOtherNodesIsNotProposed) {
  const auto leader = balancer("a");
  pool_.set_paused(true);
  loop_.advance(seconds(6));
  EXPECT_TRUE(leader->hear({"prod", "b", {}}));
  loop_.advance(seconds(10));
  engine_.follow(all_to_a_, {"a", "b", "c"});  // while the leader weighs
  pool_.set_paused(false);
  loop_.advance(seconds(6));
  EXPECT_EQ(engine_.proposed, 0);
  EXPECT_TRUE(leader->hear({"prod", "c", {}}));
  loop_.advance(seconds(10));
  EXPECT_EQ(engine_.proposed, 1);
  EXPECT_EQ(engine_.now->basis().plan->nodes, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(BalancerTest, ALeaderThatHasNotLookedYetHearsAllTheSame) {
  const auto leader = balancer("a");
  EXPECT_TRUE(leader->hear({"prod", "b", {}}));
  EXPECT_FALSE(leader->hear({"test", "b", {}}));
  EXPECT_FALSE(leader->hear({"prod", "c", {}})) << "no participant";
}

TEST_F(BalancerTest, WhatTheLeaderRefusesIsToldAgainSoon) {
  const auto other = balancer("b");
  refuses_ = true;
  loop_.advance(seconds(16));
  EXPECT_EQ(sent_, (std::vector<std::string>{"a:80", "a:80", "a:80"}));
  refuses_ = false;
  loop_.advance(seconds(50));
  EXPECT_EQ(sent_.size(), 4U);
  EXPECT_FALSE(other->hear({"prod", "a", {}})) << "it does not lead";
  EXPECT_FALSE(other->balance().nodes[0].cost) << "that is the leader's";
}

}  // namespace
}  // namespace invar::cluster
