// Several instances that share keys, on a simulated network in virtual time.
#include "cluster/gossip_cluster.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>

#include "cluster/testing/sim_network.h"
#include "component/hand_over.h"

namespace invar::cluster {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string address_of(int number) {
  return fmt::format("10.0.0.{}:80", number + 1);
}

struct Instance {
  std::unique_ptr<Network> port;
  std::unique_ptr<metrics::Scope> metrics;
  std::unique_ptr<GossipCluster> cluster;
};

class GossipClusterTest : public ::testing::Test {
 protected:
  GossipCluster::Config config(int number) {
    GossipCluster::Config config;
    config.node_name = fmt::format("node-{}", number);
    config.address = *parse_address(address_of(number));
    config.join_addresses = {"10.0.0.1:80", "10.0.0.2", "10.0.0.3:80"};
    config.default_port = 80;
    return config;
  }
  Instance& start(int number) { return start(number, config(number)); }
  Instance& start(int number, GossipCluster::Config config) {
    auto instance = std::make_unique<Instance>();
    instance->port = net_.port(config.address.text());
    instance->metrics = registry_->scope({{"cluster_name", config.cluster_name}, {"node", config.node_name}});
    const std::string address = config.address.text();
    instance->cluster = std::make_unique<GossipCluster>(
        std::move(config), GossipCluster::Environment{.loop = &loop_,
                                                      .pool = &pool_,
                                                      .disk_pool = &pool_,
                                                      .network = instance->port.get(),
                                                      .lookup = {},
                                                      .random = [this] { return net_.random(); },
                                                      .logger = log::Logger(sink_),
                                                      .metrics = instance->metrics.get()});
    Instance& added = *instance;
    net_.connect(address, &added.cluster->swim());
    added.cluster->start();
    instances_[number] = std::move(instance);
    return added;
  }
  void take_part() {
    for (auto& [number, instance] : instances_) instance->cluster->take_part();
  }
  void crash(int number) {
    net_.disconnect(address_of(number));
    instances_.erase(number);
  }
  // Keys by how many instances own them: {0: nobody's, 1: ..., 2: ...}.
  std::map<int, int> owners() {
    std::map<int, int> out;
    for (std::uint64_t key = 0; key < 300; ++key) {
      int owners = 0;
      for (const auto& [number, instance] : instances_)
        owners += instance->cluster->ownership()->owns(key * 0x9e3779b97f4a7c15) ? 1 : 0;
      ++out[owners];
    }
    return out;
  }
  [[nodiscard]] bool logged(const std::string& text) const {
    return std::ranges::any_of(log_, [&](const auto& line) { return line.find(text) != std::string::npos; });
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  testing::SimNetwork net_{loop_};
  std::vector<std::string> log_;
  std::shared_ptr<log::Sink> sink_ = [this] {
    auto sink = log::Sink::create([this](std::string_view line) { log_.emplace_back(line); });
    sink->configure({});
    return sink;
  }();
  std::map<int, std::unique_ptr<Instance>> instances_;
};

const std::map<int, int> kEachOnce = {{1, 300}};
const std::map<int, int> kNobodys = {{0, 300}};

TEST_F(GossipClusterTest, ThreeThatStartTogetherOwnEverythingOnce) {
  for (int i = 0; i < 3; ++i) start(i);
  take_part();
  loop_.advance(seconds(3));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_EQ(instances_[0]->cluster->peers().size(), 3U);
  EXPECT_EQ(instances_[0]->cluster->peers()[0].state, "participant");
  EXPECT_TRUE(instances_[0]->cluster->peers()[0].is_self);
  EXPECT_TRUE(logged("peers changed"));
}

TEST_F(GossipClusterTest, WhoIsToldWhileSharesAreBeingMadeIsToldAgain) {
  for (int i = 0; i < 4; ++i) start(i);
  instances_[0]->cluster->take_part();
  loop_.advance(seconds(3));
  const GossipCluster& cluster = *instances_[0]->cluster;
  const auto owned = [&] {
    int out = 0;
    for (std::uint64_t key = 0; key < 300; ++key)
      out += cluster.ownership()->owns(key * 0x9e3779b97f4a7c15) ? 1 : 0;
    return out;
  };
  std::vector<int> heard;
  const auto listening = instances_[0]->cluster->on_change([&] { heard.push_back(owned()); });
  const auto takes_part = [&](int number) {
    instances_[number]->cluster->take_part();
    loop_.advance(std::chrono::milliseconds(300));
  };
  takes_part(1);
  ASSERT_EQ(heard.size(), 1U);
  takes_part(2);
  ASSERT_EQ(heard.size(), 1U) << "that is told a second after the first";
  pool_.set_paused(true);
  takes_part(3);
  loop_.advance(seconds(2));
  pool_.set_paused(false);
  loop_.advance(seconds(2));
  EXPECT_EQ(heard.back(), owned());
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(GossipClusterTest, NothingIsOwnedBeforeTheFirstWordOfOthers) {
  start(0);
  take_part();
  loop_.advance(seconds(9));
  EXPECT_EQ(owners(), kNobodys);
  EXPECT_FALSE(instances_[0]->cluster->ready());
  loop_.advance(seconds(2));
  EXPECT_EQ(owners(), kEachOnce) << "nobody came";
  EXPECT_TRUE(logged("failed to join peers"));
}

TEST_F(GossipClusterTest, AViewerOwnsNothing) {
  for (int i = 0; i < 3; ++i) start(i);
  instances_[0]->cluster->take_part();
  instances_[1]->cluster->take_part();
  loop_.advance(seconds(5));
  EXPECT_EQ(owners(), kEachOnce);
  for (std::uint64_t key = 0; key < 300; ++key)
    EXPECT_FALSE(instances_[2]->cluster->ownership()->owns(key << 55));
}

TEST_F(GossipClusterTest, OneThatComesLateIsFoundAndTakesItsShare) {
  start(0);
  start(1);
  take_part();
  loop_.advance(minutes(2));
  start(2);
  take_part();
  loop_.advance(seconds(3));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(GossipClusterTest, AStopHandsOverWithinSeconds) {
  for (int i = 0; i < 3; ++i) start(i);
  take_part();
  loop_.advance(seconds(5));
  bool stopped = false;
  instances_[1]->cluster->stop([&] { stopped = true; });
  loop_.advance(seconds(2));
  EXPECT_EQ(owners(), kEachOnce) << "terminating nodes own nothing";
  loop_.advance(seconds(3));
  EXPECT_TRUE(stopped);
  crash(1);
  EXPECT_EQ(owners(), kEachOnce);
}

class SomeHandOver final : public component::HandOver {
 public:
  Subscription serve(const std::string&, Giver&) override { return nullptr; }
  void take(const std::string&, const std::string&, std::vector<std::string>, Pieces, async::Task) override {}
  void drain(Duration, async::Task done) override {
    drained();
    done();
  }
  std::function<void()> drained;
};

TEST_F(GossipClusterTest, ItsWorkIsHandedOverWhenTheSharesWithoutItAreKnown) {
  SomeHandOver hand_over;
  for (int i = 0; i < 2; ++i) start(i);
  GossipCluster& leaving = *instances_[1]->cluster;
  leaving.set_hand_over(&hand_over);
  take_part();
  loop_.advance(seconds(3));
  std::vector<bool> owned;
  hand_over.drained = [&] {
    owned.push_back(std::ranges::any_of(std::views::iota(0U, 300U), [&](auto key) {
      return leaving.ownership()->owns(key * 0x9e3779b97f4a7c15);
    }));
  };
  pool_.set_paused(true);
  leaving.stop([] {});
  loop_.advance(seconds(3));
  EXPECT_TRUE(owned.empty());
  pool_.set_paused(false);
  loop_.advance(seconds(1));
  EXPECT_EQ(owned, std::vector{false});
}

TEST_F(GossipClusterTest, ACrashIsTakenOver) {
  for (int i = 0; i < 3; ++i) start(i);
  take_part();
  loop_.advance(minutes(1));
  crash(1);
  EXPECT_GT(owners()[0], 0);
  loop_.advance(seconds(45));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(GossipClusterTest, HalvesOwnEverythingEachAndFindEachOtherAgain) {
  for (int i = 0; i < 3; ++i) start(i);
  take_part();
  loop_.advance(seconds(5));
  net_.cut = [](const std::string& a, const std::string& b) {
    return (a == address_of(2)) != (b == address_of(2));
  };
  loop_.advance(minutes(5));
  EXPECT_EQ(owners(), (std::map<int, int>{{2, 300}})) << "two clusters";
  net_.cut = {};
  loop_.advance(seconds(62));
  EXPECT_EQ(owners(), kEachOnce);
}

TEST_F(GossipClusterTest, WaitingHasALimitWhereOneIsSet) {
  auto c = config(0);
  c.minimum_size = 3;
  c.minimum_timeout = minutes(1);
  start(0, c);
  take_part();
  loop_.advance(seconds(59));
  EXPECT_EQ(owners(), kNobodys);
  loop_.advance(seconds(2));
  EXPECT_EQ(owners(), kEachOnce);
  EXPECT_THAT(registry_->collect(),
              ::testing::HasSubstr("cluster_ready_for_traffic{cluster_name=\"\",node=\"node-0\"} 1"));
}

}  // namespace
}  // namespace invar::cluster
