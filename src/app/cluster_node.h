// ClusterNode: the daemon's place in its cluster: alone, gossiping with others over the daemon's own server, or meeting them in etcd.
// Life:     create -> start (the server listens) -> take_part (the configuration runs) -> stop.
// Threads:  loop thread. Lifetime: what World points to, the transport and the metrics outlive it.
// Spec:     clustering.md 1, 5, 10.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cluster_options.h"
#include "app/world.h"
#include "cluster/balancer.h"
#include "cluster/gossip_cluster.h"
#include "cluster/http_hand_over.h"
#include "cluster/http_network.h"
#include "cluster/http_reports.h"
#include "cluster_etcd/etcd_cluster.h"
#include "component/cluster.h"
#include "component/problem.h"
#include "http/http2.h"
#include "services/router.h"

namespace invar::app {

class ClusterNode {
 public:
  // `listen_address`: of the daemon's server; its port is told to others unless the options say another.
  // Errors: what of the options cannot be used.
  static Result<std::unique_ptr<ClusterNode>> create(const ClusterOptions& options, const World& world,
                                                     const std::string& listen_address,
                                                     http::Transport& transport, metrics::Registry& registry,
                                                     const log::Logger& logger);

  [[nodiscard]] const std::shared_ptr<component::Cluster>& cluster() const { return cluster_; }
  // For a server that is about to listen, whose other requests go to `router`; nothing without gossip.
  [[nodiscard]] std::optional<http::Http2Options> http2(services::Router& router);
  void add_routes(services::Router& router);
  void start();
  void take_part();
  void stop(async::Task done);
  [[nodiscard]] std::vector<component::Problem> problems() const;
  [[nodiscard]] std::optional<component::Balance> balance() const;  // nothing without --cluster.balance=cost

 private:
  ClusterNode() = default;
  Result<> meet_in_etcd(const ClusterOptions& options, const World& world, const std::string& name,
                        const cluster::Address& address, http::Transport& transport,
                        const log::Logger& logger);
  void hand_over_by(std::shared_ptr<http::Client> client, const ClusterOptions& options, const World& world,
                    const std::string& name, const log::Logger& logger);
  void weigh(std::shared_ptr<http::Client> client, const ClusterOptions& options, const World& world,
             const std::string& name, const log::Logger& logger);

  std::unique_ptr<metrics::Scope> scope_, plain_scope_;
  std::shared_ptr<const cluster::Seal> seal_;      // null without a secret
  std::unique_ptr<cluster::HttpNetwork> network_;  // of gossip
  std::shared_ptr<cluster::GossipCluster> gossip_;
  std::shared_ptr<cluster_etcd::EtcdCluster> etcd_;
  std::shared_ptr<component::Cluster> cluster_;
  std::unique_ptr<cluster::HttpHandOver> hand_over_;  // null while alone
  std::unique_ptr<cluster::HttpReports> reports_;     // null without --cluster.balance=cost, as the next
  std::unique_ptr<cluster::Balancer> balancer_;
  async::Loop* loop_ = nullptr;
};

}  // namespace invar::app
