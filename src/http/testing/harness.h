// Harness: a real loop, a Transport and helpers that turn callbacks into plain calls for tests.
// Tests wait for conditions with a deadline; nothing sleeps.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"

namespace invar::http::testing {

using Outcome = std::expected<Response, Failure>;

// Runs the loop until `done` is true; false when `limit` passed first.
bool run_until(async::RealLoop& loop, const std::function<bool()>& done,
               Duration limit = std::chrono::seconds(10));

class Harness {
 public:
  explicit Harness(Transport::Options options = {});
  ~Harness();

  async::RealLoop& loop() { return *loop_; }
  Transport& transport() { return *transport_; }
  metrics::Registry& registry() { return *registry_; }
  std::shared_ptr<fs::FileSystem> files() { return files_; }

  // Aborts the test program when the configuration is refused.
  std::unique_ptr<Client> client(const ClientConfig& config = {}, std::string dialer = "test");
  Outcome send(Client& client, Request request);
  Outcome get(Client& client, std::string url, Duration timeout = std::chrono::seconds(10));
  bool wait(const std::function<bool()>& done, Duration limit = std::chrono::seconds(10)) {
    return run_until(*loop_, done, limit);
  }

  // A server of ours on a kernel-chosen port; lives as long as the harness.
  Server& serve(Handler handler, ServerOptions options = {}, log::Logger logger = {});
  void drop_transport() { transport_.reset(); }

 private:
  std::unique_ptr<async::RealLoop> loop_;
  std::shared_ptr<fs::FileSystem> files_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Scope> scope_;
  std::shared_ptr<Transport> transport_;
  std::vector<std::unique_ptr<Server>> servers_;
};

// What a client says went wrong, "" for success: for short expectations.
std::string failure_text(const Outcome& outcome);

// Answers with what was asked: request line, headers, body.
inline ServerResponse echo(const ServerRequest& request) {
  std::string text = request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  text += "\n" + request.body;
  return {200, {{"Content-Type", "text/plain"}}, std::move(text)};
}

}  // namespace invar::http::testing
