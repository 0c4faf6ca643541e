// discovery.nomad: services registered with Nomad as targets. User's page: docs/reference/components/discovery.nomad.md.
// Inside:   discovery.h polls; services.h reads the answers, pure.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11c.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_nomad {

component::Registration registration();

}  // namespace invar::components::discovery_nomad
