// GET peers, remotecfg. Threads: loop thread only.
#pragma once

#include <string>

#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

// Objects without the time.
std::string peers_json(const ClusterState& cluster, const component::ComponentDirectory& components);
std::string remote_json(const RemoteConfiguration& remote);
void add_cluster_routes(Routes& routes, const ApiHost& host, const Replies& replies);

}  // namespace invar::webapi
