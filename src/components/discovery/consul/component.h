// discovery.consul: the services of a Consul catalog. Spec: discovery.md 11.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_consul {

component::Registration registration();

}  // namespace invar::components::discovery_consul
