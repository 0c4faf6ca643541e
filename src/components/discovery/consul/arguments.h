// The arguments of discovery.consul. Spec: discovery.md 11, http-client.md 1.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "consul/client.h"
#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_consul {

struct Arguments {
  consul::Access access;
  std::string tag_separator = ",";
  std::string username;
  http::SecretText password;
  bool allow_stale = true;
  std::vector<std::string> services, tags;
  std::map<std::string, std::string> node_meta;
  Duration refresh_interval = std::chrono::seconds(30);
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_consul
