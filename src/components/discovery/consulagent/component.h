// discovery.consulagent: the services of one Consul agent as targets. User's page: docs/reference/components/discovery.consulagent.md.
// Inside:   discovery.h polls; agent.h makes the targets, pure.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11b.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_consulagent {

component::Registration registration();

}  // namespace invar::components::discovery_consulagent
