// Asks a router as the server would. For tests.
#pragma once

#include <string>
#include <utility>

#include "http/testing/fake_network.h"
#include "services/router.h"

namespace invar::services::testing {

// Status 0: it is not answered at once.
inline http::ServerResponse ask(const Router& router, std::string method, std::string target) {
  const http::testing::FakeNetwork network;
  const auto server = network.listen()({}, {.listen_address = "here"},
                                       [&](http::ServerRequest request, const http::ResponderPtr& responder) {
                                         router.handle(std::move(request), responder);
                                       });
  const auto answer = network.send("here", {.method = std::move(method), .target = std::move(target)});
  return answer->value_or(http::ServerResponse{.status = 0, .headers = {}, .body = ""});
}

inline http::ServerResponse ask(const Router& router, std::string target) {
  return ask(router, "GET", std::move(target));
}

}  // namespace invar::services::testing
