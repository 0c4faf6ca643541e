// GossipEngine: nodes that gossip over a simulated network in virtual time, for the conformance suite and for tests.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/gossip_cluster.h"
#include "cluster/testing/balancers.h"
#include "cluster/testing/conformance.h"
#include "cluster/testing/sim_network.h"

namespace invar::cluster::testing {

// kByCost: with --cluster.balance=cost.
template <bool kByCost>
class GossipEngine {
 public:
  static constexpr Duration kSettles = std::chrono::seconds(kByCost ? 60 : 12);  // alone for 10 s
  static constexpr Duration kTakesOver = std::chrono::seconds(150);  // of many nodes, whose suspicion lasts
  static constexpr bool kOwnsWhileCut = true;
  static constexpr bool kNeverTwice = false;
  static constexpr bool kOnlyWhatMust = !kByCost;

  GossipEngine() {
    net_.cut = balancers_.cut = [this](const std::string& from, const std::string& to) {
      return cut_[from] || cut_[to];
    };
  }
  async::testing::TestLoop& loop() { return loop_; }
  void start(int n, Sizes sizes = {}, bool by_cost = kByCost) {
    Instance& instance = instances_[n];
    const auto joined = [this] {
      std::vector<std::string> out;
      for (const auto& [number, other] : instances_) out.push_back(address(number));
      return out;
    };
    instance.port = net_.port(address(n));
    instance.metrics = registry_->scope({{"node", fmt::format("{}-{}", name(n), ++started_)}});
    instance.cluster =
        std::make_unique<GossipCluster>(GossipCluster::Config{.node_name = name(n),
                                                              .address = *parse_address(address(n)),
                                                              .cluster_name = {},
                                                              .join_addresses = joined(),
                                                              .default_port = 80,
                                                              .max_join_peers = 0,
                                                              .minimum_size = sizes.minimum,
                                                              .minimum_timeout = sizes.timeout,
                                                              .by_cost = by_cost},
                                        GossipCluster::Environment{.loop = &loop_,
                                                                   .pool = &pool_,
                                                                   .disk_pool = &pool_,
                                                                   .network = instance.port.get(),
                                                                   .lookup = {},
                                                                   .random = [this] { return net_.random(); },
                                                                   .logger = {},
                                                                   .metrics = instance.metrics.get()});
    net_.connect(address(n), &instance.cluster->swim());
    if (by_cost)
      balancers_.start(address(n), name(n), *instance.cluster, *instance.cluster, *instance.metrics);
    instance.cluster->start();
    instance.cluster->take_part();
  }
  void stop(int n, async::Task done) { instances_.at(n).cluster->stop(std::move(done)); }
  void forget(int n) {
    net_.disconnect(address(n));
    balancers_.forget(address(n));
    instances_.erase(n);
  }
  void cut(int n, bool is_cut) { cut_[address(n)] = is_cut; }
  GossipCluster& node(int n) { return *instances_.at(n).cluster; }
  SimNetwork& net() { return net_; }
  Balancers& balancers() { return balancers_; }
  static std::string name(int n) { return fmt::format("node-{}", n); }
  static std::string address(int n) { return fmt::format("10.0.{}.{}:80", n / 250, n % 250 + 1); }

 private:
  struct Instance {
    std::unique_ptr<Network> port;
    std::unique_ptr<metrics::Scope> metrics;
    std::unique_ptr<GossipCluster> cluster;
  };
  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  SimNetwork net_{loop_};
  Balancers balancers_{loop_, pool_};
  std::map<std::string, bool> cut_;
  std::map<int, Instance> instances_;
  int started_ = 0;
};

}  // namespace invar::cluster::testing
