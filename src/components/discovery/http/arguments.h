// The arguments of discovery.http. Spec: discovery.md 3, http-client.md 1.
#pragma once

#include <chrono>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_http {

struct Arguments {
  std::string url;
  Duration refresh_interval = std::chrono::seconds(60);
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_http
