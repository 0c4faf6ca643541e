// A cluster of simulated nodes in virtual time.
#include "cluster/swim.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cluster/packet.h"
#include "cluster/testing/sim_network.h"

namespace invar::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::SimNetwork;

struct Host {
  std::string name, address;
  std::unique_ptr<Network> port;
  std::unique_ptr<Swim> swim;
  int changes = 0;
  std::map<GossipEvent, int> events;
};

class SwimTest : public ::testing::Test {
 protected:
  Host& start(int number, const std::string& label = "", int address = -1, std::string_view meta = kOurMeta) {
    const std::string name = fmt::format("node-{}", number);
    const int at = address < 0 ? number : address;
    auto host = std::make_unique<Host>();
    host->name = name;
    host->address = fmt::format("10.0.{}.{}:80", at / 250, at % 250);
    host->port = net_.port(host->address);
    host->swim = std::make_unique<Swim>(loop_, *host->port,
                                        Swim::Config{name, *parse_address(host->address), label, {}, meta},
                                        Swim::Hooks{[h = host.get()] { ++h->changes; },
                                                    [h = host.get()](GossipEvent e) { ++h->events[e]; },
                                                    [this] { return net_.random(); },
                                                    {}});
    net_.connect(host->address, host->swim.get());
    host->swim->start();
    Host& added = *host;
    hosts_[name] = std::move(host);
    return added;
  }
  void join(Host& host, const Host& other) {
    host.swim->join({other.address}, [](std::size_t, const Error&) {});
  }
  // The last of them is no node of Invar when `mixed`.
  void cluster_of(int nodes, bool mixed = false) {
    for (int i = 0; i < nodes; ++i) {
      Host& host = start(i, "", -1, mixed && i == nodes - 1 ? std::string_view() : kOurMeta);
      if (i > 0) join(host, *hosts_["node-0"]);
      loop_.advance(milliseconds(20));
      host.swim->become(NodeState::kParticipant, {});
    }
    loop_.advance(seconds(5));
  }
  void crash(int number) {
    const auto host = hosts_.extract(fmt::format("node-{}", number));
    net_.disconnect(host.mapped()->address);
  }
  Host& host(int number) { return *hosts_.at(fmt::format("node-{}", number)); }

  // Every running node sees exactly the running ones, all participants.
  std::string disagreement() {
    for (const auto& [name, host] : hosts_) {
      std::vector<std::string> seen, running;
      for (const auto& node : host->swim->nodes()) {
        seen.push_back(node.name + "/" + std::string(to_string(node.state)));
      }
      for (const auto& [other, unused] : hosts_) running.push_back(other + "/participant");
      if (seen != running)
        return fmt::format("{} sees {} of {}: {}", name, seen.size(), running.size(), join_text(seen));
    }
    return "";
  }
  static std::string join_text(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += part + " ";
    return out;
  }
  // Until all agree; how long that took.
  Duration settle(Duration limit) {
    const auto began = loop_.now();
    while (loop_.now() - began < limit && !disagreement().empty()) loop_.advance(milliseconds(100));
    EXPECT_EQ(disagreement(), "");
    return loop_.now() - began;
  }

  async::testing::TestLoop loop_;
  SimNetwork net_{loop_};
  std::map<std::string, std::unique_ptr<Host>> hosts_;
};

TEST_F(SwimTest, OneNodeIsAClusterOfItself) {
  cluster_of(1);
  loop_.advance(minutes(5));
  EXPECT_EQ(disagreement(), "");
  EXPECT_EQ(net_.packets, 0U);
}

class SwimOfSize : public SwimTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Nodes, SwimOfSize, ::testing::Values(2, 3, 10, 60));

TEST_P(SwimOfSize, NodesFindEachOtherAndACrashIsNoticed) {
  cluster_of(GetParam());
  EXPECT_EQ(disagreement(), "");
  loop_.advance(minutes(2));
  EXPECT_EQ(disagreement(), "") << "nobody is suspected wrongly";
  loop_.advance(milliseconds(static_cast<int>(net_.random() % 5000)));
  crash(1);
  loop_.advance(seconds(3));
  EXPECT_NE(disagreement(), "");
  // Everybody knows; a second more, and its work is taken over: clustering.md 7.
  EXPECT_LE(seconds(3) + settle(minutes(1)), seconds(14));
}

TEST_F(SwimTest, ADeathIsKnownWithin14SecondsWhateverTheMoment) {
  cluster_of(3);
  Duration longest{};
  for (int i = 0; i < 40; ++i) {
    loop_.advance(milliseconds(static_cast<int>(net_.random() % 7000)));
    crash(1);
    longest = std::max(longest, settle(minutes(1)));
    loop_.advance(minutes(1));
    join(start(1), host(0));
    host(1).swim->become(NodeState::kParticipant, {});
    settle(seconds(10));
  }
  EXPECT_LE(longest, seconds(14));
  EXPECT_GE(longest, seconds(5)) << "it may answer for itself first";
}

TEST_F(SwimTest, ANodeOfAnotherProgramIsGivenTheTimeThatItIsUsedTo) {
  cluster_of(3, /*mixed=*/true);
  loop_.advance(minutes(1));
  crash(1);
  EXPECT_GE(settle(minutes(6)), seconds(20));
}

TEST_P(SwimOfSize, ALeavingNodeIsGoneWithinASecondOrTwo) {
  cluster_of(GetParam());
  Host& leaving = host(1);
  bool told = false, left = false;
  leaving.swim->become(NodeState::kTerminating, [&] { told = true; });
  loop_.advance(seconds(2));
  EXPECT_TRUE(told);
  for (const auto& node : host(0).swim->nodes()) {
    if (node.name == leaving.name) {
      EXPECT_EQ(node.state, NodeState::kTerminating);
    }
  }
  leaving.swim->leave([&] { left = true; });
  loop_.advance(seconds(3));
  EXPECT_TRUE(left);
  crash(1);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(SwimTest, AFalseSuspicionIsRefuted) {
  cluster_of(3);
  const auto before = host(1).swim->members().self().incarnation;
  host(0).swim->receive(pack("", {encode(Suspect{before, "node-1", "node-2"})}), "10.0.0.2:80");
  EXPECT_EQ(host(0).swim->members().find("node-1")->liveness, Liveness::kSuspect);
  loop_.advance(seconds(3));
  EXPECT_EQ(host(0).swim->members().find("node-1")->liveness, Liveness::kAlive);
  EXPECT_EQ(host(2).swim->members().find("node-1")->incarnation, before + 1);
}

TEST_F(SwimTest, LossesAreNoDeaths) {
  cluster_of(10);
  net_.loss = 0.1;
  for (int i = 0; i < 60; ++i) {
    loop_.advance(seconds(10));
    ASSERT_EQ(disagreement(), "") << "after " << i;
  }
}

TEST_F(SwimTest, ANodeThatComesBackUnderItsNameIsTheSameAgain) {
  cluster_of(3);
  crash(1);
  loop_.advance(seconds(1));
  Host& back = start(1);
  join(back, host(0));
  loop_.advance(seconds(1));
  // The others still have the participant of before; it says what it is now.
  for (const auto& node : host(2).swim->nodes()) {
    if (node.name == "node-1") {
      EXPECT_EQ(node.state, NodeState::kViewer);
    }
  }
  back.swim->become(NodeState::kParticipant, {});
  settle(seconds(5));
  loop_.advance(minutes(3));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(SwimTest, ANodeThatLeftAndComesBackIsBelievedAtOnce) {
  cluster_of(3);
  host(1).swim->become(NodeState::kTerminating, [] {});
  loop_.advance(seconds(1));
  host(1).swim->leave([] {});
  loop_.advance(seconds(1));
  crash(1);
  // What it said at its end came late, and is of a time that the new one has not reached yet.
  for (const int other : {0, 2}) {
    host(other).swim->receive(
        pack("", {encode(User{encode(StateMessage{"node-1", NodeState::kTerminating, 50})})}), "10.0.0.9:80");
  }
  loop_.advance(seconds(3));
  Host& back = start(1);
  back.swim->become(NodeState::kParticipant, {});
  join(back, host(0));
  EXPECT_LE(settle(seconds(60)), seconds(3));
}

TEST_F(SwimTest, ATakenNameIsRefusedAtAnotherAddressUntilItsNodeLeft) {
  cluster_of(3);
  crash(1);
  loop_.advance(seconds(1));
  Host& moved = start(1, "", 77);
  join(moved, host(0));
  loop_.advance(seconds(1));
  EXPECT_GT(host(0).events[GossipEvent::kConflict], 0);
  EXPECT_EQ(host(0).swim->members().find("node-1")->address.text(), "10.0.0.1:80");
  // It is dead, then forgotten; a later join is heard.
  loop_.advance(minutes(3));
  join(moved, host(0));
  moved.swim->become(NodeState::kParticipant, {});
  settle(minutes(1));

  moved.swim->leave({[] {}});
  loop_.advance(seconds(3));
  crash(1);
  Host& again = start(1, "", 78);
  join(again, host(2));
  again.swim->become(NodeState::kParticipant, {});
  EXPECT_LE(settle(seconds(10)), seconds(3));
}

class SwimInHalves : public SwimTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Nodes, SwimInHalves, ::testing::Values(8, 100));

TEST_P(SwimInHalves, FindEachOtherByJoiningAgain) {
  const int nodes = GetParam();
  cluster_of(nodes);
  std::set<std::string> half;
  for (int i = 0; i < nodes / 2; ++i) half.insert(host(i).address);
  net_.cut = [&](const std::string& a, const std::string& b) { return half.contains(a) != half.contains(b); };
  loop_.advance(minutes(4));
  for (const int i : {0, nodes - 1}) EXPECT_EQ(host(i).swim->nodes().size(), nodes / 2U);
  net_.cut = {};
  join(host(nodes - 1), host(0));
  settle(seconds(30));
}

TEST_F(SwimTest, HundredsOfNodesAgreeAndAreQuietThen) {
  constexpr int kNodes = 200;
  for (int i = 0; i < kNodes; ++i) {
    Host& node = start(i);
    if (i > 0) join(node, host(i / 2));
    loop_.advance(milliseconds(5));
    node.swim->become(NodeState::kParticipant, {});
  }
  const auto agree = [&] {
    return std::ranges::all_of(hosts_, [&](const auto& entry) {
      const auto nodes = entry.second->swim->nodes();
      return nodes.size() == hosts_.size() && std::ranges::all_of(nodes, [](const auto& node) {
               return node.state == NodeState::kParticipant;
             });
    });
  };
  int took = 0;
  while (!agree() && ++took < 60) loop_.advance(seconds(1));
  EXPECT_LE(took, 30);
  EXPECT_LE(net_.packets, kNodes * 1000U) << "until all know all";
  loop_.advance(seconds(10));
  const auto packets = net_.packets;
  loop_.advance(seconds(5));
  EXPECT_LE(net_.packets - packets, kNodes * 2U * 5 * 12 / 10) << "a ping and an answer each second";
  for (int i = 0; i < 10; ++i) crash(20 * i + 7);
  took = 0;
  while (!agree() && ++took < 60) loop_.advance(seconds(1));
  EXPECT_LE(took, 30) << "ten that die are missed by all";
}

TEST_F(SwimTest, AnotherLabelIsAnotherCluster) {
  cluster_of(2);
  Host& stranger = start(5, "prod");
  std::string why;
  stranger.swim->join({host(0).address, "10.9.9.9:80"}, [&](std::size_t joined, const Error& last) {
    EXPECT_EQ(joined, 0U);
    why = last.message;
  });
  stranger.swim->become(NodeState::kParticipant, {});
  loop_.advance(minutes(1));
  EXPECT_EQ(why, "10.9.9.9:80: no answer");
  EXPECT_EQ(stranger.swim->nodes().size(), 1U);
  EXPECT_EQ(host(0).swim->nodes().size(), 2U);
}

TEST_F(SwimTest, ProtocolsThatDoNotFitAreNotMerged) {
  cluster_of(2);
  const NodeRecord old{"old", *parse_address("10.0.0.9:80"), "", 1, Liveness::kAlive, {1, 1, 1, 0, 0, 0}};
  EXPECT_TRUE(host(0).swim->answer(encode(Exchange{true, {old}, ""})));
  EXPECT_EQ(host(0).swim->nodes().size(), 2U);
}

TEST_F(SwimTest, RubbishIsCountedAndChangesNothing) {
  cluster_of(2);
  for (const std::string rubbish : {"", "x", "\x08", "\x08\x12\x01\x01", "\x07\xff", "\xf4"})
    host(0).swim->receive(rubbish, "stranger");
  EXPECT_FALSE(host(0).swim->answer("rubbish"));
  EXPECT_EQ(disagreement(), "");
  EXPECT_GT(host(0).events[GossipEvent::kUnknown], 0);
}

TEST_F(SwimTest, AnIdleClusterIsQuiet) {
  cluster_of(10);
  loop_.advance(minutes(1));
  const auto before = net_.packets;
  loop_.advance(minutes(10));
  // A ping and an ack per node and second.
  EXPECT_LE(net_.packets - before, 10U * 2 * 600 * 105 / 100);
}

}  // namespace
}  // namespace invar::cluster
