// GET peers, remotecfg. Threads: loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "component/balance.h"
#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

// Nothing without --cluster.balance=cost.
using BalanceNow = std::function<std::optional<component::Balance>()>;

// Objects without the time.
std::string peers_json(const ClusterState& cluster, const component::ComponentDirectory& components,
                       const BalanceNow& balance);
std::string remote_json(const RemoteConfiguration& remote);
// What they are given outlives the routes.
void add_cluster_routes(Routes& routes, const ApiHost& host, const BalanceNow& balance,
                        const Replies& replies);

}  // namespace invar::webapi
