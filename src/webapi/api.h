// Api: everything below PREFIX/api/v1/, as docs/api/openapi.yaml describes it. Holds what outlives a request.
// Threads: loop thread only. Lifetime: the router goes first; what `host` points to outlives it. Source: web-api.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "component/balance.h"
#include "webapi/host.h"

namespace invar::services {
class Router;
}

namespace invar::webapi {

class Api {
 public:
  Api(ApiHost host, std::function<std::optional<component::Balance>()> balance);
  ~Api();
  // `prefix` ends in '/'.
  void add_to(services::Router& router, const std::string& prefix);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace invar::webapi
