// discovery.docker: the containers of a Docker or Podman daemon as targets. User's page: docs/reference/components/discovery.docker.md.
// Inside:   src/moby follows the daemon; containers.h makes the targets, pure.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 8.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_docker {

component::Registration registration();

}  // namespace invar::components::discovery_docker
