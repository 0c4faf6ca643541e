// The arguments of discovery.docker. Spec: discovery.md 8.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "http/client.h"
#include "moby/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_docker {

struct Arguments {
  std::string host;
  std::int64_t port = 80;
  std::string host_networking_host = "localhost";
  Duration refresh_interval = std::chrono::minutes(1);
  bool match_first_network = true;
  std::vector<moby::Filter> filters;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_docker
