// Transports and servers whose credential and certificate files are read on a pool: a disk that does not answer holds up what needs
// them, and not the loop. Transport::create() and Server::listen() read them on the loop, for tests and commands.
// Threads and lifetime: as in client.h and server.h; the pool outlives what is made here.
#pragma once

#include <memory>
#include <optional>

#include "async/worker_pool.h"
#include "http/client.h"
#include "http/http2.h"
#include "http/server.h"

namespace invar::http {

std::shared_ptr<Transport> create_transport(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                            metrics::Scope* scope, Transport::Options options,
                                            async::WorkerPool& disk_pool);

// `http2`: spoken besides HTTP/1.1. Errors: those of Server::listen(), which reads the files once when they must load.
Result<std::unique_ptr<Server>> listen(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                       log::Logger logger, ServerOptions options, Handler handler,
                                       std::optional<Http2Options> http2, async::WorkerPool& disk_pool);

}  // namespace invar::http
