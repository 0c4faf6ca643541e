// discovery.consulagent: the services of one Consul agent. Spec: discovery.md 11b.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_consulagent {

component::Registration registration();

}  // namespace invar::components::discovery_consulagent
