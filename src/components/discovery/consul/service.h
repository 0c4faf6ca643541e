// The targets of one service, out of what Consul's health API says about it. Pure. Spec: discovery.md 11.
#pragma once

#include <string>

#include "component/target.h"
#include "syntax/value.h"

namespace invar::components::discovery_consul {

struct Service {
  std::string name, datacenter, tag_separator;
};
component::Targets read_instances(const syntax::Value& instances, const Service& service);

}  // namespace invar::components::discovery_consul
