// What happens to instances that meet in an etcd that is slow, silent, restarted, emptied or shared with a namesake, in virtual time.
#include "cluster_etcd/etcd_cluster.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cluster_etcd/testing/etcd_nodes.h"

namespace invar::cluster_etcd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;

class EtcdClusterTest : public ::testing::Test {
 protected:
  static constexpr int kKeys = 200;
  using Owners = std::map<int, int>;  // keys by how many nodes own them
  static std::uint64_t key(int i) { return static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15; }

  Owners owners(int keys = kKeys) {
    Owners out;
    for (int i = 0; i < keys; ++i) {
      int owners = 0;
      for (const auto& [number, node] : t_.nodes) owners += node->ownership()->owns(key(i)) ? 1 : 0;
      ++out[owners];
    }
    return out;
  }
  // Looks all the time whether a key has two owners.
  void advance(Duration by) {
    for (; by > Duration::zero(); by -= milliseconds(100)) {
      t_.loop.advance(milliseconds(100));
      for (const auto& [count, keys] : owners(kKeys / 4))
        ASSERT_LE(count, 1) << keys << " keys have several owners";
    }
  }
  void start_three() {
    for (int i = 0; i < 3; ++i) t_.start(i);
    advance(seconds(2));
    ASSERT_EQ(owners(), kEachOnce);
  }
  bool owns_something(int number) {
    const auto ownership = t_.nodes[number]->ownership();
    for (int i = 0; i < kKeys; ++i)
      if (ownership->owns(key(i))) return true;
    return false;
  }
  std::string only_problem(int number) {
    const auto problems = t_.nodes[number]->problems();
    return problems.size() == 1 ? problems[0].sentence : fmt::format("{} problems", problems.size());
  }
  [[nodiscard]] std::size_t logged(const std::string& text) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        t_.log, [&](const auto& line) { return line.find(text) != std::string::npos; }));
  }

  const Owners kEachOnce = {{1, kKeys}};
  const Owners kNobodys = {{0, kKeys}};
  testing::EtcdNodes t_;
};

TEST_F(EtcdClusterTest, ThoseThatStartTogetherOwnAtOnce) {
  for (int i = 0; i < 3; ++i) t_.start(i);
  advance(milliseconds(400));
  EXPECT_EQ(owners(), kEachOnce) << "nobody owned anything: nobody had to wait";
  EXPECT_EQ(t_.nodes[0]->problems().size(), 0U);
}

TEST_F(EtcdClusterTest, ADeathIsTakenOverWithinTheLease) {
  start_three();
  t_.crash(1);
  advance(seconds(10));
  EXPECT_NE(owners(), kEachOnce) << "its lease goes on";
  advance(seconds(6));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, WithoutEtcdWorkGoesOnForTheLeaseThenStopsAndBeginsAgain) {
  start_three();
  advance(seconds(60));
  t_.etcd.down = true;
  advance(seconds(9));
  EXPECT_EQ(owners(), kEachOnce) << "nothing is lost by a restart of etcd";
  EXPECT_THAT(only_problem(0), HasSubstr("keeping the lease: http://node-0:2379: connection refused by"));
  EXPECT_THAT(only_problem(0), HasSubstr("this node does its work for "));
  advance(seconds(4));
  EXPECT_EQ(owners(), kNobodys);
  EXPECT_FALSE(t_.nodes[0]->ready());
  EXPECT_THAT(only_problem(0), HasSubstr("this node owns nothing meanwhile"));
  EXPECT_EQ(t_.nodes[0]->problems()[0].severity, component::Severity::kFailing);
  advance(minutes(10));
  t_.etcd.down = false;
  advance(seconds(8));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_EQ(t_.nodes[0]->problems().size(), 0U);
  EXPECT_EQ(logged("trouble with etcd is over"), 3U);
  EXPECT_EQ(logged("msg=\"trouble with etcd\""), 3U) << "said once by each";
}

TEST_F(EtcdClusterTest, ARestartOfEtcdThatIsShorterThanTheLeaseChangesNothing) {
  start_three();
  const auto before = t_.nodes[0]->ownership();
  t_.etcd.down = true;
  t_.etcd.end_watches();
  advance(seconds(6));
  t_.etcd.down = false;
  advance(seconds(20));
  EXPECT_EQ(t_.nodes[0]->ownership(), before);
  t_.start(3);
  advance(seconds(4));
  EXPECT_EQ(t_.nodes[0]->peers().size(), 4U) << "it watches again";
}

TEST_F(EtcdClusterTest, OneThatIsCutOffStopsBeforeTheOthersTakeOver) {
  start_three();
  t_.cut["node-2"] = true;
  bool stopped_first = false;
  for (int i = 0; i < 200 && !stopped_first; ++i) {
    advance(milliseconds(100));
    stopped_first = !owns_something(2);
  }
  EXPECT_TRUE(stopped_first);
  EXPECT_EQ(owners()[1] + owners()[0], kKeys);
  EXPECT_GT(owners()[0], 0) << "not taken over yet";
  advance(seconds(6));
  EXPECT_EQ(owners(), kEachOnce) << "by the two others";
  EXPECT_FALSE(owns_something(2));
  t_.cut["node-2"] = false;
  advance(seconds(15));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_TRUE(owns_something(2));
}

TEST_F(EtcdClusterTest, AnotherEndpointAnswersForOneThatDoesNot) {
  auto config = t_.config(0);
  config.etcd.endpoints = {"http://dead:2379", "http://node-0:2379"};
  t_.cut["dead"] = true;
  t_.start(0, config);
  advance(seconds(5));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, ASlowEtcdIsGoodEnough) {
  t_.etcd.latency = [this] { return milliseconds(400 + t_.random() % 400); };
  for (int i = 0; i < 3; ++i) t_.start(i);
  advance(seconds(15));
  EXPECT_EQ(owners(), kEachOnce);
  t_.start(3);
  t_.crash(0);
  advance(seconds(40));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, AWatchThatSaysNothingIsMadeUpForByReading) {
  start_three();
  t_.etcd.drop_watches();
  t_.start(3);
  advance(seconds(7));
  EXPECT_EQ(t_.nodes[0]->peers().size(), 4U);
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, ANamesakeOwnsNothingAndIsToldOf) {
  t_.start(0);
  auto config = t_.config(1);
  config.node_name = "node-0";
  t_.start(1, config);
  advance(seconds(30));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_TRUE(owns_something(0));
  EXPECT_FALSE(owns_something(1));
  EXPECT_EQ(t_.nodes[1]->peers()[0].state, "viewer");
  EXPECT_THAT(only_problem(1),
              HasSubstr("registering this node: a node of the name node-0 is there (10.0.0.1:80)"));
}

TEST_F(EtcdClusterTest, OneThatComesBackAfterAKillWaitsForItsOldLease) {
  start_three();
  t_.crash(1);
  advance(seconds(1));
  t_.start(1);
  advance(seconds(10));
  EXPECT_FALSE(owns_something(1));
  advance(seconds(10));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_TRUE(owns_something(1));
}

TEST_F(EtcdClusterTest, AnEtcdThatLostItsDataIsBegunWithAnew) {
  start_three();
  advance(seconds(20));
  t_.etcd.wipe();
  advance(seconds(15));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_EQ(t_.nodes[0]->peers().size(), 3U);
}

TEST_F(EtcdClusterTest, ARecordThatSomebodyRemovesComesBack) {
  start_three();
  t_.etcd.remove("invar/clusters//nodes/node-1");
  t_.loop.advance(milliseconds(100));
  EXPECT_FALSE(owns_something(1)) << "the others take over";
  advance(seconds(8));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_TRUE(owns_something(1));
}

TEST_F(EtcdClusterTest, AStopLetsGoAtOnceAndIsOverInSeconds) {
  start_three();
  t_.stop(1);
  EXPECT_FALSE(owns_something(1));
  t_.loop.advance(milliseconds(500));
  EXPECT_EQ(t_.nodes[0]->peers()[1].state, "terminating");
  EXPECT_GT(owners()[0], 0) << "what it scrapes may be under way";
  advance(seconds(2));
  EXPECT_FALSE(t_.nodes.contains(1));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, AStopWithoutEtcdIsOverAllTheSame) {
  start_three();
  t_.etcd.down = true;
  for (int i = 0; i < 3; ++i) t_.stop(i);
  advance(seconds(9));
  EXPECT_TRUE(t_.nodes.empty());
}

TEST_F(EtcdClusterTest, AUserLogsInAndAgainWhenItsTokenIsForgotten) {
  t_.etcd.user = "invar";
  t_.etcd.password = "s3cret";
  const auto with_password = [this](int number, std::string password) {
    auto config = t_.config(number);
    config.etcd.user = "invar";
    config.etcd.password = {std::move(password)};
    return config;
  };
  t_.start(0, with_password(0, "s3cret"));
  t_.start(1, with_password(1, "guessed"));
  advance(seconds(5));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_FALSE(owns_something(1));
  EXPECT_THAT(only_problem(1), HasSubstr("login: http://node-1:2379: etcdserver: authentication failed"));
  t_.etcd.restart_auth();
  advance(minutes(1));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_TRUE(owns_something(0));
  EXPECT_EQ(logged("s3cret") + logged("guessed"), 0U);
}

TEST_F(EtcdClusterTest, ClustersOfOtherNamesAreNotSeen) {
  t_.start(0);
  auto config = t_.config(1);
  config.cluster_name = "other/nodes";
  t_.start(1, config);
  t_.loop.advance(seconds(5));
  EXPECT_EQ(owners(), (Owners{{2, kKeys}})) << "two clusters";
  EXPECT_THAT(t_.etcd.keys(), Contains("invar/clusters/other%2Fnodes/nodes/node-1"));
}

TEST_F(EtcdClusterTest, WhatWasNotAskedForIsNoNode) {
  t_.etcd.stray_key = "x";
  t_.start(0);
  advance(seconds(1));
  EXPECT_EQ(t_.nodes[0]->peers().size(), 1U);
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(EtcdClusterTest, AQuietClusterAsksLittle) {
  start_three();
  t_.etcd.requests.clear();
  advance(minutes(1));
  EXPECT_LE(t_.etcd.requests["/v3/lease/keepalive"], 3 * 21U);
  EXPECT_LE(t_.etcd.requests["/v3/kv/range"], 3 * 21U);
  EXPECT_EQ(t_.etcd.requests["/v3/kv/txn"] + t_.etcd.requests["/v3/watch"], 0U);
}

TEST_F(EtcdClusterTest, FiguresTellHowItIs) {
  start_three();
  advance(seconds(5));
  const std::string text = t_.registry->collect();
  for (const char* line : {R"(cluster_node_peers{node="0-0",state="participant"} 3)",
                           R"(cluster_ready_for_traffic{node="0-0"} 1)",
                           R"(cluster_node_info{node="0-0",state="participant"} 1)",
                           R"(cluster_etcd_waiting_for_nodes{node="0-0"} 0)",
                           R"(cluster_etcd_requests_failed_total{node="0-0"} 0)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(EtcdClusterTest, ANodeThatDoesNotLetGoIsNamed) {
  start_three();
  t_.etcd.put("invar/clusters//nodes/stranger",
              R"({"address":"10.9.9.9:80","state":"participant","view":""})");
  advance(seconds(5));
  EXPECT_EQ(t_.nodes[0]->problems().size(), 0U) << "it may be about to";
  advance(seconds(10));
  const auto problems = t_.nodes[0]->problems();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].what, "stranger");
  EXPECT_GT(owners()[1], kKeys / 2) << "what does not move goes on";
}

// Whatever etcd and the network do: no key has two owners, and each has one when they are well again.
TEST_F(EtcdClusterTest, NoKeyEverHasTwoOwners) {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    // Some answers come late, some after they were given up.
    t_.etcd.latency = [&chance] {
      return milliseconds(chance() % 20 == 0 ? 1500 + chance() % 5000 : 1 + chance() % 100);
    };
    for (int step = 0; step < 60; ++step) {
      const int number = static_cast<int>(chance() % 6);
      switch (chance() % 8) {
        case 0:
        case 1:
        case 2:
          if (!t_.nodes.contains(number)) t_.start(number);
          break;
        case 3:
          if (t_.nodes.contains(number)) t_.stop(number);
          break;
        case 4:
          t_.crash(number);
          break;
        case 5:
          t_.cut[testing::node_name(number)] = chance() % 2 == 0;
          break;
        case 6:
          t_.etcd.end_watches();
          break;
        default:
          t_.etcd.down = chance() % 3 == 0;
      }
      advance(milliseconds(100 * (chance() % 50)));
    }
    t_.etcd.down = false;
    t_.cut.clear();
    t_.etcd.latency = {};
    advance(seconds(60));
    if (t_.nodes.empty()) t_.start(0);
    advance(seconds(5));
    EXPECT_EQ(owners(), kEachOnce);
  }
}

}  // namespace
}  // namespace invar::cluster_etcd
