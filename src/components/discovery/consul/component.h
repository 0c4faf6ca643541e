// discovery.consul: the services of a Consul catalog as targets. User's page: docs/reference/components/discovery.consul.md.
// Inside:   discovery.h watches the catalog and each service; service.h makes the targets, pure.
// Threads:  loop thread; HTTP on the loop (src/consul).
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_consul {

component::Registration registration();

}  // namespace invar::components::discovery_consul
