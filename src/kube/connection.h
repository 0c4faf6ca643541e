// Connection: requests to one API server, with what its configuration says. The configuration is read (and an exec plugin run) before
// the first request, again when the server does not accept the credentials, and before they expire.
// Shape:   send() as http::Client::send(), with a path in place of the URL.
// Errors:  of the configuration, as Failure of kind kCredentials, to each request that waits for it; the next request tries again.
// Threads: loop thread; files are read on the disk pool. Lifetime: shared by the watches that use it.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "async/process.h"
#include "async/worker_pool.h"
#include "http/client.h"
#include "kube/server_config.h"

namespace invar::kube {

// What everything of a program that talks to API servers shares.
struct Host {
  async::Loop* loop = nullptr;
  async::WorkerPool* disk_pool = nullptr;
  std::shared_ptr<fs::FileSystem> files;
  std::shared_ptr<http::Transport> http;
  Environment environment;
};

class Connection {
 public:
  Connection(Host host, ServerPlace place);
  ~Connection();

  [[nodiscard]] std::unique_ptr<http::Call> send(std::string path, http::Request request,
                                                 http::Client::Done done);
  [[nodiscard]] const ServerPlace& place() const { return place_; }
  [[nodiscard]] async::Loop& loop() const { return *host_.loop; }

 private:
  class Sending;
  void open();
  void loaded(Result<ServerConfig> config);
  void run_plugin();
  void plugin_ended(Result<async::Process::Output> result);
  void connect();
  void opened(Result<> result);
  void go(Sending& sending);

  const Host host_;
  const ServerPlace place_;
  bool opening_ = false;
  bool ready_ = false;
  UnixNanos expires_unix_ns_ = 0;
  ServerConfig config_;
  std::unique_ptr<async::Process> plugin_;
  std::shared_ptr<http::Client> client_;
  std::list<Sending*> waiting_;
  async::Alive alive_;
};

}  // namespace invar::kube
