// The arguments of discovery.nomad. Spec: discovery.md 11c, http-client.md 1.
#pragma once

#include <chrono>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_nomad {

struct Arguments {
  std::string server = "http://localhost:4646";
  std::string space = "default";  // `namespace`
  std::string region = "global";
  std::string tag_separator = ",";
  bool allow_stale = true;
  Duration refresh_interval = std::chrono::seconds(60);
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_nomad
