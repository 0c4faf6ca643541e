// World: everything from outside that the daemon works with, so that a test runs a whole pipeline in virtual time (app/testing).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "http/http2.h"
#include "http/server.h"
#include "metrics/metrics.h"

namespace invar::app {

struct World {
  async::Loop* loop = nullptr;
  async::WorkerPool* pool = nullptr;
  async::WorkerPool* disk_pool = nullptr;
  std::shared_ptr<fs::FileSystem> files;
  std::shared_ptr<log::Sink> sink;
  std::function<std::shared_ptr<http::Transport>(metrics::Scope&, http::Transport::Options)> make_transport;
  http::Listen listen;
  std::function<Result<std::unique_ptr<http::Server>>(log::Logger, http::ServerOptions, http::Handler,
                                                      http::Http2Options)>
      listen_with_http2;                        // only asked for in a cluster
  std::function<Duration()> take_longest_task;  // RealLoop's; empty where it is not measured
  std::string host_name;
  std::string listen_on;  // instead of the listen address: fd://N, a socket that was handed over; "" for none
};

}  // namespace invar::app
