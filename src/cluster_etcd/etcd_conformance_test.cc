// The etcd engine keeps what every engine promises, by the ring and by cost, over an etcd that takes its time.
#include "cluster/testing/balancers.h"
#include "cluster/testing/conformance.h"
#include "cluster_etcd/testing/etcd_nodes.h"

namespace invar::cluster_etcd {
namespace {

using std::chrono::seconds;

template <bool kByCost>
class EtcdEngine {
 public:
  static constexpr Duration kSettles = seconds(kByCost ? 60 : 8);
  static constexpr Duration kTakesOver = seconds(kByCost ? 60 : 20);
  static constexpr bool kOwnsWhileCut = false;
  static constexpr bool kNeverTwice = true;
  static constexpr bool kOnlyWhatMust = !kByCost;

  EtcdEngine() {
    nodes_.etcd.latency = [this] { return std::chrono::milliseconds(1 + nodes_.random() % 60); };
  }
  async::testing::TestLoop& loop() { return nodes_.loop; }
  void start(int n, cluster::testing::Sizes sizes) {
    auto config = nodes_.config(n);
    config.minimum_size = sizes.minimum;
    config.minimum_timeout = sizes.timeout;
    config.by_cost = kByCost;
    EtcdCluster& node = nodes_.start(n, std::move(config));
    if (kByCost) balancers_.start(address(n), name(n), node, node, *nodes_.scopes.back());
  }
  void stop(int n, async::Task done) { nodes_.nodes.at(n)->stop(std::move(done)); }
  void forget(int n) {
    balancers_.forget(address(n));
    nodes_.crash(n);
  }
  void cut(int n, bool is_cut) { nodes_.cut[name(n)] = is_cut; }
  component::Cluster& node(int n) { return *nodes_.nodes.at(n); }
  static std::string name(int n) { return testing::node_name(n); }
  std::string address(int n) { return nodes_.config(n).address; }

 private:
  testing::EtcdNodes nodes_;
  cluster::testing::Balancers balancers_{nodes_.loop, nodes_.pool};
};

}  // namespace
}  // namespace invar::cluster_etcd

namespace invar::cluster::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Etcd, ClusterConformance, cluster_etcd::EtcdEngine<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(EtcdByCost, ClusterConformance, cluster_etcd::EtcdEngine<true>);
}  // namespace invar::cluster::testing
