// GET endpoints, endpoints/{id}/errors, archives. Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/last_durations.h"
#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

// The outlets of one moment, each with its component.
struct NamedOutlet {
  std::string id, component;
  component::OutletView view;
  pipeline::LedgerRow ledger;
  const LastDurations* answer_times = nullptr;  // null: not known
};
std::vector<NamedOutlet> outlets_of(const component::ComponentDirectory& components);

class DeliveryRoutes {
 public:
  static constexpr std::size_t kMostErrors = 24;  // sentences of an endpoint
  static constexpr Duration kLookEvery = std::chrono::seconds(5);

  DeliveryRoutes(const ApiHost& host, const Replies& replies);
  void add_to(Routes& routes);
  [[nodiscard]] std::string endpoints_json() const;

 private:
  struct Told {  // a sentence of an endpoint
    std::string text;
    std::uint64_t count = 1;
    UnixNanos first_unix_ns = 0, last_unix_ns = 0;
  };
  void look();
  [[nodiscard]] std::string archives_json() const;
  void errors(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void ages(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);

  const ApiHost& host_;
  const Replies& replies_;
  std::map<std::string, std::deque<Told>> told_;  // by outlet, the latest first
  async::Timer timer_;
};

}  // namespace invar::webapi
