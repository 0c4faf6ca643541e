// The arguments of discovery.consulagent. Spec: discovery.md 11b.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "consul/client.h"
#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_consulagent {

struct Arguments {
  consul::Access access;
  std::string tag_separator = ",";
  std::string username;
  http::SecretText password;
  std::vector<std::string> services, tags;
  Duration refresh_interval = std::chrono::seconds(30);
  std::optional<http::TlsConfig> tls;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_consulagent
