// The arguments of discovery.gce. Spec: discovery.md 11e.
#pragma once

#include <chrono>
#include <string>

#include "syntax/schema.h"

namespace invar::components::discovery_gce {

struct Arguments {
  std::string project, zone, filter;
  std::uint64_t port = 80;
  std::string tag_separator = ",";
  Duration refresh_interval = std::chrono::seconds(60);
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_gce
