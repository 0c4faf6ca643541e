// VainClients: the clients whose requests lead nowhere (404, 405, 401, 400, 413, 501), so that an application whose profiles never
// arrive is seen on this side, too.
//
// A client is an address, a path, a user agent and an answer. Its first request in vain is logged, later ones are counted; a client
// that was silent for kForget is forgotten, and logged again when it comes back. At most kMost are kept: the longest silent one goes.
// What comes from outside is shortened and shown without control characters.
// Threads: loop thread only. Source: pyroscope-receive-http-relabel-enrich.md A2.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "component/problem.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_receive_http {

class VainClients {
 public:
  static constexpr std::size_t kMost = 100;
  static constexpr Duration kForget = std::chrono::hours(1);

  VainClients(async::Loop& loop, log::Logger logger, metrics::Scope& scope);

  // `why`: one sentence about this client's mistake.
  void note(const http::ServerRequest& request, int status, std::string_view why);

  [[nodiscard]] std::vector<component::Problem> problems() const;
  // One block `client_in_vain` for each, the latest first.
  void show(syntax::BodyValue& out) const;
  [[nodiscard]] std::size_t size() const { return clients_.size(); }

 private:
  using Key = std::tuple<std::string, std::string, std::string, int>;  // address, path, user agent, status
  struct Client {
    std::string why;
    std::uint64_t requests = 0;
    async::TimePoint last;
    UnixNanos first_unix_ns = 0, last_unix_ns = 0;
  };

  [[nodiscard]] bool silent(const Client& client) const;
  void forget_silent();

  async::Loop& loop_;
  log::Logger logger_;
  metrics::Scope& scope_;
  std::map<int, metrics::Counter*> counters_;  // by status
  std::map<Key, Client> clients_;
};

}  // namespace invar::components::pyroscope_receive_http
