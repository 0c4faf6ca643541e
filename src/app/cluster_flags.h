// The flags --cluster.* of `invar run`. Spec: cli-http-ui.md 2.
#pragma once

#include <string>

#include "app/cluster_options.h"
#include "base/error.h"

namespace CLI {
class App;
}

namespace invar::app {

struct RawClusterFlags {
  ClusterOptions options;
  std::string advertise_interfaces = "eth0,en0";
  std::string join_addresses, discover_peers;
  std::string rejoin_interval = "60s";
  std::string max_join_peers = "5";
  std::string wait_for_size = "0";
  std::string wait_timeout = "0s";
  std::string engine = "gossip", balance = "ring";
  std::string etcd_endpoints;
  std::string etcd_lease = "15s";
};

void add_cluster_flags(CLI::App& command, RawClusterFlags& raw);
// Errors: usage errors with the name of the flag.
Result<ClusterOptions> checked_cluster_options(const RawClusterFlags& raw);

}  // namespace invar::app
