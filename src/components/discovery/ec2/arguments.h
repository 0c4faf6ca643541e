// The arguments of discovery.ec2. Spec: discovery.md 11d, http-client.md 1.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aws/profile.h"
#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_ec2 {

struct Filter {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const Filter&) const = default;
};

struct Arguments {
  aws::Identity identity;
  std::string endpoint;
  std::uint64_t port = 80;
  Duration refresh_interval = std::chrono::seconds(60);
  std::vector<Filter> filters;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_ec2
