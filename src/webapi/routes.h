// Routes: the paths below PREFIX/api/v1/ on a Router, with what all requests have in common: methods, origin, the type of a body.
// Threads: loop thread only.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "services/router.h"

namespace invar::webapi {

class Routes {
 public:
  using Handler =
      std::function<void(const http::ServerRequest& request, const http::ResponderPtr& responder)>;
  // `tail`: what stands behind the path, decoded.
  using TailHandler = std::function<void(const http::ServerRequest& request,
                                         const http::ResponderPtr& responder, std::string_view tail)>;

  Routes(services::Router& router, std::string base) : router_(router), base_(std::move(base)) {}

  void get(const std::string& path, Handler handler);
  // Of one path: methods that do different things are told apart by the handler.
  void get_and_post(const std::string& path, Handler handler);
  void post(const std::string& path, Handler handler);
  void get_below(const std::string& path, TailHandler handler);  // "components/"
  void any_below(const std::string& path, std::vector<std::string> methods, TailHandler handler);

 private:
  void add(const std::string& path, std::vector<std::string> methods, Handler handler);

  services::Router& router_;
  const std::string base_;
};

}  // namespace invar::webapi
