// discovery.gce: the instances of Google's Compute Engine. Spec: discovery.md 11e.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_gce {

component::Registration registration();

}  // namespace invar::components::discovery_gce
