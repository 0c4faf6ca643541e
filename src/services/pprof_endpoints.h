// /debug/pprof/: Invar's own profiles over HTTP, in the shape that Go programs have, so that every pprof tool
// can read them. index, profile?seconds=N (30), heap, allocs, goroutine, mutex, block, cmdline; anything else
// below is 404. Threads: loop thread only. Spec: cli-http-ui.md 5.
#pragma once

#include "async/loop.h"
#include "async/worker_pool.h"
#include "services/router.h"

namespace invar::services {

// `loop` and `pool` outlive the router.
void add_pprof_endpoints(Router& router, async::Loop& loop, async::WorkerPool& pool);

}  // namespace invar::services
