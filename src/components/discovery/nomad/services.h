// What Nomad's answers about services mean. Pure. Errors: an answer that is no such JSON. Spec: discovery.md 11c.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "component/target.h"

namespace invar::components::discovery_nomad {

struct ServiceName {
  std::string space, name;
  auto operator<=>(const ServiceName&) const = default;
};
Result<std::vector<ServiceName>> read_services(std::string_view json);  // of /v1/services
Result<component::Targets> read_instances(std::string_view json,        // of /v1/service/<name>
                                          std::string_view tag_separator);

}  // namespace invar::components::discovery_nomad
