// discovery.relabel: targets in, rewritten targets out.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/discovery.relabel.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: discovery.md 6, relabel.md.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_relabel {

component::Registration registration();

}  // namespace invar::components::discovery_relabel
