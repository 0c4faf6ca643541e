// discovery.file: targets from files that others write.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/discovery.file.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: discovery.md 4.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_file {

component::Registration registration();

}  // namespace invar::components::discovery_file
