// EtcdNodes: several instances that meet in a FakeEtcd, in virtual time. For tests.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cluster_etcd/etcd_cluster.h"
#include "cluster_etcd/testing/fake_etcd.h"

namespace invar::cluster_etcd::testing {

inline std::string node_name(int number) {
  return fmt::format("node-{}", number);
}

class EtcdNodes {
 public:
  EtcdNodes() {
    etcd.cut = [this](const std::string& host) { return cut.contains(host) && cut[host]; };
  }

  [[nodiscard]] EtcdCluster::Config config(int number) const {
    EtcdCluster::Config config;
    config.node_name = node_name(number);
    config.address = fmt::format("10.0.0.{}:80", number + 1);
    config.etcd.endpoints = {"http://" + node_name(number) + ":2379"};
    return config;
  }
  EtcdCluster& start(int number) { return start(number, config(number)); }
  EtcdCluster& start(int number, EtcdCluster::Config config) {
    scopes.push_back(registry->scope({{"node", fmt::format("{}-{}", number, scopes.size())}}));
    nodes[number] = std::make_unique<EtcdCluster>(
        std::move(config), EtcdCluster::Environment{.loop = &loop,
                                                    .pool = &pool,
                                                    .client = etcd.client(),
                                                    .random = [this] { return random(); },
                                                    .logger = log::Logger(sink),
                                                    .metrics = scopes.back().get()});
    nodes[number]->take_part();
    return *nodes[number];
  }
  void crash(int number) { nodes.erase(number); }
  // Forgotten once it has left.
  void stop(int number) {
    nodes[number]->stop([this, number] { loop.post([this, number] { nodes.erase(number); }); });
  }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::unique_ptr<metrics::Registry> registry = metrics::Registry::create();
  std::vector<std::unique_ptr<metrics::Scope>> scopes;
  std::mt19937_64 random{1};
  std::vector<std::string> log;
  std::shared_ptr<log::Sink> sink = [this] {
    auto made = log::Sink::create([this](std::string_view line) { log.emplace_back(line); });
    made->configure({});
    return made;
  }();
  FakeEtcd etcd{loop};
  std::map<std::string, bool> cut;  // by node
  std::map<int, std::unique_ptr<EtcdCluster>> nodes;
};

}  // namespace invar::cluster_etcd::testing
