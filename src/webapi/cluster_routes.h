// GET peers, remotecfg. Threads: loop thread only.
#pragma once

#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

void add_cluster_routes(Routes& routes, const ApiHost& host, const Replies& replies);

}  // namespace invar::webapi
