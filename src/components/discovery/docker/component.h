// discovery.docker: the containers of a Docker or Podman daemon as targets.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_docker {

component::Registration registration();

}  // namespace invar::components::discovery_docker
