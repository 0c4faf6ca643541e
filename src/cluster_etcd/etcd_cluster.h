// EtcdCluster: the cluster of instances that meet in etcd. A lease per node says who is there; a watch tells of changes.
//
//   take_part() -> lease -> registered -> a view of all nodes, told and agreed upon (agreement.h) -> owner --stop()--> terminating -> left
//
// No key has two owners while etcd answers. While it does not, what is ours stays ours until the lease may be over soon; then nothing
// is, until etcd answers again. A node that never reached etcd owns nothing.
// Threads:  loop thread. Lifetime: what Environment points to outlives this.
// Spec:     clustering.md 2, 3, 10.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/worker_pool.h"
#include "base/log.h"
#include "cluster/announcer.h"
#include "cluster/balancer.h"
#include "cluster/minimum_size.h"
#include "cluster_etcd/agreement.h"
#include "cluster_etcd/etcd_client.h"
#include "cluster_etcd/lease.h"
#include "cluster_etcd/messages.h"
#include "cluster_etcd/node_record.h"
#include "cluster_etcd/troubles.h"
#include "component/cluster.h"
#include "component/problem.h"
#include "metrics/metrics.h"

namespace invar::cluster_etcd {

class EtcdCluster final : public component::Cluster, public cluster::Balanced {
 public:
  struct Config {
    std::string node_name;
    std::string address;  // host:port, told to peers
    std::string cluster_name;
    EtcdClient::Config etcd;
    Duration lease = std::chrono::seconds(15);
    Duration release = std::chrono::seconds(2);  // what components need to let go of a target
    std::size_t minimum_size = 0;
    Duration minimum_timeout{};  // 0: for ever
    bool by_cost = false;        // if all want it
  };
  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    std::shared_ptr<http::Client> client;
    std::function<std::uint64_t()> random;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;  // with the label cluster_name
  };
  EtcdCluster(Config config, Environment environment);
  ~EtcdCluster() override;

  void take_part();             // the configuration is loaded
  void stop(async::Task done);  // within some 10 s

  [[nodiscard]] bool ready() const override;
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override { return ownership_; }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override;
  [[nodiscard]] Subscription on_change(std::function<void()> changed) override {
    return announcer_.listen(std::move(changed));
  }
  [[nodiscard]] std::vector<component::Problem> problems() const;
  [[nodiscard]] cluster::SharesPtr shares() const override;  // of the view that all have agreed to
  void propose(cluster::PlanPtr plan) override;
  [[nodiscard]] std::vector<std::string> not_weighing() const override;

 private:
  enum class State { kViewer, kParticipant, kTerminating, kLeft };

  void on_kept();
  void let_go();  // of everything, at once
  void put_record(const std::string& view);
  void on_put(const std::string& view, bool terminating, const PutResult& put);
  void read();
  void on_read(std::int64_t at_least, const Snapshot& snapshot);
  void watch(std::int64_t from_revision);
  void see(const Snapshot& snapshot);
  void see_plan(const Snapshot& snapshot);
  bool see_self(const Snapshot& snapshot);
  void see_size();
  void wait_for_size();
  void make_view();
  void go_on();
  [[nodiscard]] std::vector<std::string> waited_for() const;
  void publish();
  void note_change();
  void finish_stop();
  void collect(std::vector<metrics::Sample>& out) const;
  [[nodiscard]] std::string_view state_text() const;

  const Config config_;
  const Environment env_;
  const std::string root_, prefix_, key_;
  Troubles troubles_;
  EtcdClient client_;
  Lease lease_;
  State state_ = State::kViewer;
  async::Task stopped_;

  std::int64_t record_revision_ = 0;  // of our record; 0: there is none
  std::string told_view_;             // as our record says it
  bool told_leaving_ = false;         // the same
  bool putting_ = false, reading_ = false, read_again_ = false, making_view_ = false;
  Header seen_;  // of the last list of nodes
  std::map<std::string, NodeRecord> nodes_;
  cluster::Basis basis_;            // as etcd says it
  std::int64_t plan_revision_ = 0;  // 0: there is none
  Agreement agreement_;
  async::TimePoint let_go_by_{};  // components have
  async::TimePoint view_since_{};
  cluster::MinimumSize minimum_;

  std::shared_ptr<const component::Ownership> ownership_;
  std::vector<ViewPtr> published_;   // what ownership_ is made of
  std::vector<std::string> logged_;  // names
  std::uint64_t views_ = 0;
  cluster::Announcer announcer_;
  async::Timer read_timer_, release_timer_, minimum_timer_, stop_timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster_etcd
