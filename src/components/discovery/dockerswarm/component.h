// discovery.dockerswarm: the services, tasks or nodes of a Docker swarm as targets.
// User's page: docs/reference/components/discovery.dockerswarm.md.
// Inside:   src/moby follows the daemon; targets.h makes the targets, pure.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 9.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_dockerswarm {

component::Registration registration();

}  // namespace invar::components::discovery_dockerswarm
