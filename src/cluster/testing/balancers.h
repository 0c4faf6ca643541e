// Balancers: those of simulated nodes, and the way of their reports to the leader. For tests.
#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>

#include "async/testing/test_loop.h"
#include "cluster/balancer.h"

namespace invar::cluster::testing {

class Balancers {
 public:
  Balancers(async::testing::TestLoop& loop, async::WorkerPool& pool) : loop_(loop), pool_(pool) {}

  // Of the node at this address. What they point to goes after forget().
  void start(const std::string& address, const std::string& name, component::Cluster& cluster,
             Balanced& engine, metrics::Scope& metrics) {
    balancers_[address] = std::make_unique<Balancer>(Balancer::Environment{
        .loop = &loop_,
        .pool = &pool_,
        .cluster = &cluster,
        .engine = &engine,
        .cluster_name = {},
        .node_name = name,
        .send =
            [this, address](const std::string& to, const std::string& report, async::Task refused) {
              if (cut && cut(address, to)) return;
              if (std::uniform_real_distribution<>(0, 1)(chance_) < loss) return;
              loop_.schedule_after(
                  std::chrono::milliseconds(3), [this, to, report, refused = std::move(refused)]() mutable {
                    const auto node = balancers_.find(to);
                    if (node != balancers_.end() && !node->second->hear(*decode_cost_report(report)))
                      refused();
                  });
            },
        .logger = {},
        .metrics = &metrics});
    cluster.set_costs(balancers_[address].get());
  }
  void forget(const std::string& address) { balancers_.erase(address); }
  Balancer& at(const std::string& address) { return *balancers_.at(address); }

  std::function<bool(const std::string& from, const std::string& to)> cut;
  double loss = 0;

 private:
  async::testing::TestLoop& loop_;
  async::WorkerPool& pool_;
  std::mt19937_64 chance_{1};
  std::map<std::string, std::unique_ptr<Balancer>> balancers_;
};

}  // namespace invar::cluster::testing
