// discovery.gce: the instances of Google's Compute Engine as targets. User's page: docs/reference/components/discovery.gce.md.
// Inside:   discovery.h polls page by page, with tokens of src/google.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11e.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_gce {

component::Registration registration();

}  // namespace invar::components::discovery_gce
