// discovery.dockerswarm: the services, tasks or nodes of a Docker swarm as targets.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_dockerswarm {

component::Registration registration();

}  // namespace invar::components::discovery_dockerswarm
