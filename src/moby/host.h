// Where a Docker-compatible daemon listens: `unix:///run/docker.sock`, `tcp://h:2375`, `http://…`, `https://…`. Spec: discovery.md 8.
#pragma once

#include <string>

#include "base/error.h"

namespace invar::moby {

struct Host {
  std::string base_url;        // without a slash at its end; of a socket its host means nothing
  std::string unix_socket;     // "" when it is reached over TCP
  std::string shown;           // for people, without a password
  bool takes_options = false;  // http and https: authorization, TLS and the like of the configuration apply
};

// Errors: what is wrong, with `ssh://` and `npipe://` named as such.
Result<Host> parse_host(const std::string& text);

}  // namespace invar::moby
