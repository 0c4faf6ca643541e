// What the flags --cluster.* say, after they were checked.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/time.h"

namespace invar::app {

enum class ClusterEngine { kGossip, kEtcd };

struct EtcdOptions {
  std::vector<std::string> endpoints;  // "https://10.0.0.1:2379"
  std::string user, password_file;     // both or none
  Duration lease = std::chrono::seconds(15);
  std::string tls_ca_path, tls_cert_path, tls_key_path, tls_server_name;
};

struct ClusterOptions {
  bool enabled = false;
  ClusterEngine engine = ClusterEngine::kGossip;
  std::string node_name;          // "": the host's name
  std::string advertise_address;  // host[:port]; "": found among the interfaces
  std::vector<std::string> advertise_interfaces = {"eth0", "en0"};
  std::vector<std::string> join_addresses;
  Duration rejoin_interval = std::chrono::seconds(60);
  std::size_t max_join_peers = 5;
  std::string name;
  bool tls = false;
  bool by_cost = false;
  std::string secret_file;  // "": none
  std::string tls_ca_path, tls_cert_path, tls_key_path, tls_server_name;
  std::size_t wait_for_size = 0;
  Duration wait_timeout{};
  EtcdOptions etcd;
};

}  // namespace invar::app
