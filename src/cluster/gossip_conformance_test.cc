// The gossip engine keeps what every engine promises.
#include <fmt/format.h>

#include "cluster/gossip_cluster.h"
#include "cluster/testing/conformance.h"
#include "cluster/testing/sim_network.h"

namespace invar::cluster {
namespace {

using std::chrono::seconds;

class GossipEngine {
 public:
  static constexpr Duration kSettles = seconds(12);     // alone for 10 s
  static constexpr Duration kTakesOver = seconds(150);  // of many nodes, whose suspicion lasts
  static constexpr bool kOwnsWhileCut = true;
  static constexpr bool kNeverTwice = false;

  GossipEngine() {
    net_.cut = [this](const std::string& from, const std::string& to) { return cut_[from] || cut_[to]; };
  }
  async::testing::TestLoop& loop() { return loop_; }
  void start(int n, testing::Sizes sizes) {
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
                                                              .minimum_timeout = sizes.timeout},
                                        GossipCluster::Environment{.loop = &loop_,
                                                                   .pool = &pool_,
                                                                   .disk_pool = &pool_,
                                                                   .network = instance.port.get(),
                                                                   .lookup = {},
                                                                   .random = [this] { return net_.random(); },
                                                                   .logger = {},
                                                                   .metrics = instance.metrics.get()});
    net_.connect(address(n), &instance.cluster->swim());
    instance.cluster->start();
    instance.cluster->take_part();
  }
  void stop(int n, async::Task done) { instances_.at(n).cluster->stop(std::move(done)); }
  void forget(int n) {
    net_.disconnect(address(n));
    instances_.erase(n);
  }
  void cut(int n, bool is_cut) { cut_[address(n)] = is_cut; }
  component::Cluster& node(int n) { return *instances_.at(n).cluster; }
  static std::string name(int n) { return fmt::format("node-{}", n); }
  static std::string address(int n) { return fmt::format("10.0.0.{}:80", n + 1); }

 private:
  struct Instance {
    std::unique_ptr<Network> port;
    std::unique_ptr<metrics::Scope> metrics;
    std::unique_ptr<GossipCluster> cluster;
  };
  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  testing::SimNetwork net_{loop_};
  std::map<std::string, bool> cut_;
  std::map<int, Instance> instances_;
  int started_ = 0;
};

}  // namespace
}  // namespace invar::cluster

namespace invar::cluster::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Gossip, ClusterConformance, GossipEngine);
}  // namespace invar::cluster::testing
