// GET config/files, config/files/{n}, config/files/{n}/rules, config/diagnostics; POST rules/try. Threads: loop thread only. Source: web-api.md 6.
#pragma once

#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::webapi {

class ConfigRoutes {
 public:
  ConfigRoutes(const ApiHost& host, const Replies& replies) : host_(host), replies_(replies) {}
  void add_to(Routes& routes);

 private:
  void file(const http::ServerRequest& request, const http::ResponderPtr& responder, std::string_view number);
  void rules(const http::ServerRequest& request, const http::ResponderPtr& responder,
             std::string_view number);
  void try_rules(const http::ServerRequest& request, const http::ResponderPtr& responder);

  static constexpr std::size_t kMostSeries = 2000;  // of a component, for counts

  const ApiHost& host_;
  const Replies& replies_;
};

}  // namespace invar::webapi
