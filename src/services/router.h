// Router: which handler answers a path. Exact paths win over prefixes, longer prefixes over shorter ones.
// A known path with another method answers 405 with Allow; an unknown one 404.
// Threads: loop thread only. Spec: cli-http-ui.md 5.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace invar::services {

class Router {
 public:
  // No methods: any method. HEAD is taken only where it is named: a route with methods does something. A path that ends in '/' stands for everything below it (and itself), unless
  // exact.
  void add(std::string path, std::vector<std::string> methods, http::Handler handler);
  void add_exact(std::string path, std::vector<std::string> methods, http::Handler handler);
  // Below `prefix` ("/invar/") everything is found that is below "/", unless it has a route of its own there: behind a proxy that
  // passes on nothing else, every link works.
  void also_below(std::string prefix) { below_ = std::move(prefix); }
  void handle(http::ServerRequest request, const http::ResponderPtr& responder) const;

 private:
  struct Route {
    std::vector<std::string> methods;
    http::Handler handler;
  };
  [[nodiscard]] const Route* find(std::string_view path) const;
  [[nodiscard]] bool is_fallback(const Route* route) const;

  std::map<std::string, Route, std::less<>> exact_;
  std::map<std::string, Route, std::less<>> prefixes_;  // keys end in '/'
  std::string below_;
};

}  // namespace invar::services
