// discovery.nomad: services registered with Nomad. Spec: discovery.md 11c.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_nomad {

component::Registration registration();

}  // namespace invar::components::discovery_nomad
