// GossipCluster: the cluster of an instance that gossips with others, Alloy's nodes among them.
//
//   start() -> joins; viewer --take_part()--> participant --stop()--> terminating -> left
//
// Nothing is owned before the first word of another node, or kAloneAfter without one; nor while nodes are too few. The ring is made on
// the pool, and who listens is told at most once a second. The join is repeated, sooner while nobody answers: that heals a cluster
// that fell apart.
// Threads:  loop thread. Lifetime: what Environment points to outlives this.
// Spec:     clustering.md 1, 2, 3.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/worker_pool.h"
#include "cluster/announcer.h"
#include "cluster/balancer.h"
#include "cluster/join_addresses.h"
#include "cluster/minimum_size.h"
#include "cluster/shares.h"
#include "cluster/swim.h"
#include "component/cluster.h"
#include "metrics/metrics.h"

namespace invar::cluster {

inline constexpr Duration kAloneAfter = std::chrono::seconds(10);

class GossipCluster final : public component::Cluster, public Balanced {
 public:
  struct Config {
    std::string node_name;
    Address address;  // told to peers
    std::string cluster_name;
    std::vector<std::string> join_addresses;
    std::uint16_t default_port = 12345;
    Duration rejoin_interval = std::chrono::seconds(60);  // 0: never
    std::size_t max_join_peers = 5;                       // 0: all
    std::size_t minimum_size = 0;
    Duration minimum_timeout{};  // 0: for ever
    bool by_cost = false;        // if all want it
  };
  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    async::WorkerPool* disk_pool = nullptr;  // looks names up
    Network* network = nullptr;
    Lookup lookup;
    std::function<std::uint64_t()> random;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;  // with the label cluster_name
  };
  GossipCluster(Config config, Environment environment);
  ~GossipCluster() override;

  void start();
  void take_part();               // the configuration is loaded
  void stop(async::Task done);    // within some 15 s
  Swim& swim() { return swim_; }  // for the network

  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override { return ownership_; }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override;
  [[nodiscard]] Subscription on_change(std::function<void()> changed) override {
    return announcer_.listen(std::move(changed));
  }
  [[nodiscard]] SharesPtr shares() const override { return ready() && !making_shares_ ? shares_ : nullptr; }
  void propose(PlanPtr plan) override;
  [[nodiscard]] std::vector<std::string> not_weighing() const override;

 private:
  struct Counters;
  struct Stand {
    Basis basis;
    bool ready = false;
    bool operator==(const Stand&) const = default;
  };

  void join();
  void join_again(Duration after);
  void on_joined(std::size_t joined, const Error& last);
  void met_somebody();
  void drain_until(async::TimePoint end, async::Task leave);
  void nodes_changed();
  void make_shares();
  bool take(std::string_view plan);
  void publish();
  void note_change();
  void collect(std::vector<metrics::Sample>& out) const;

  const Config config_;
  const Environment env_;
  std::unique_ptr<Counters> counters_;
  Swim swim_;
  NodeState state_ = NodeState::kViewer;
  MinimumSize minimum_;
  bool met_ = false;  // somebody, or waited for long enough
  bool stopping_ = false;
  std::optional<Duration> next_try_;  // while nobody answers
  PlanPtr plan_;                      // the newest that was heard of
  Basis basis_;                       // as it is to be
  SharesPtr shares_;
  bool making_shares_ = false;
  std::optional<async::TimePoint> changed_at_;  // and not told yet
  std::shared_ptr<const component::Ownership> ownership_;
  Stand published_;  // what ownership_ is made of
  Stand announced_;  // what was so when listeners heard last, for the log
  Announcer announcer_;
  async::Timer join_timer_, alone_timer_, minimum_timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster
