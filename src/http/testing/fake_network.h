// FakeNetwork: servers without sockets. listen() claims an address, as the kernel would, and send() calls the handler there.
// Shape:    options.listen = network.listen();  ...  auto exchange = network.send("0.0.0.0:8080", request);
// Threads:  loop thread. Lifetime: outlives nothing; servers and exchanges may stay behind.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http/server.h"

namespace invar::http::testing {

class FakeNetwork {
 public:
  [[nodiscard]] Listen listen() const;
  // The addresses that are listened on now, with what their servers were told last.
  [[nodiscard]] std::map<std::string, ServerOptions> listening() const;
  // The answer appears in the result when the handler has given it; 0 is the status of a dropped request.
  [[nodiscard]] std::shared_ptr<std::optional<ServerResponse>> send(const std::string& address,
                                                                    ServerRequest request) const;

 private:
  struct State;
  class FakeServer;
  std::shared_ptr<State> state_ = make_state();
  static std::shared_ptr<State> make_state();
};

}  // namespace invar::http::testing
