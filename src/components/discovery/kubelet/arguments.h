// The arguments of discovery.kubelet. Spec: discovery.md 11a, http-client.md 1.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_kubelet {

struct Arguments {
  std::string url = "https://localhost:10250";
  Duration refresh_interval = std::chrono::seconds(5);
  std::vector<std::string> namespaces;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_kubelet
