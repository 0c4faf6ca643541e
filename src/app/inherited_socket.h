// The socket that a service manager opened for the HTTP server and listens on already (systemd's socket activation, man 3 sd_listen_fds):
// connections wait in it while Invar is away, and it may have a port that Invar itself could not take.
// Errors:  kInvalidArgument: several sockets, or one that is no listening TCP socket.
// Threads: before others start: the variables are removed, so that no child takes the socket for its own.
// Source:  cli-http-ui.md 4.1.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace invar::app {

struct InheritedSocket {
  int fd = -1;
  std::string address;  // host:port
  // As http::ServerOptions::listen_address.
  [[nodiscard]] std::string listen_address() const { return "fd://" + std::to_string(fd); }
};

// Nothing: none was handed over to this process. `variable` reads the environment: "" for an unset one.
Result<std::optional<InheritedSocket>> inherited_socket(
    const std::function<std::string(const char* name)>& variable);

}  // namespace invar::app
