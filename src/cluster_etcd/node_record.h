// NodeRecord: what a node says of itself, under a key of its own that lives as long as its lease. Pure.
// Errors: a text that is not one. Unknown fields are skipped: newer nodes may say more.
// Spec:   clustering.md 10.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/shares.h"

namespace invar::cluster_etcd {

struct NodeRecord {
  std::string address;  // host:port
  bool terminating = false;
  std::string view;  // of the nodes, the last one that it acknowledged; "" before the first

  bool by_cost = false;  // weighs, with --cluster.balance=cost

  bool operator==(const NodeRecord&) const = default;
};

std::string write_record(const NodeRecord& record);
Result<NodeRecord> read_record(std::string_view text);

// What a view is called: the same for the same nodes and the same plan.
std::string view_id(const cluster::Basis& basis);

}  // namespace invar::cluster_etcd
