// GET live/{id}: what passes through a component, as server-sent events.
// A client that has not taken kMostBacklog bytes loses what comes next; it is told how much. Threads: loop thread only.
// Lifetime: what `host` points to outlives it. Source: web-api.md 7.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "http/server.h"
#include "webapi/host.h"
#include "webapi/routes.h"

namespace invar::webapi {

class LiveRoutes {
 public:
  static constexpr std::size_t kMostClients = 16, kMostBacklog = std::size_t{1} << 20;

  explicit LiveRoutes(const ApiHost& host) : host_(host), timer_(*host.loop) {}
  void add_to(Routes& routes);

 private:
  struct Client {
    http::ResponderPtr responder;
    double share = 1;
    std::uint64_t number = 0, sampled = 0, lost = 0;  // since it was last told
    async::TimePoint wrote;
    std::optional<pipeline::Tap::Watch> watch;
  };
  void open(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void show(Client& client, const pipeline::Shown& shown);
  void tick();

  const ApiHost& host_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t last_client_ = 0;
  std::minstd_rand random_;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::webapi
