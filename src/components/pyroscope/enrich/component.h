// pyroscope.enrich: gives profiles the labels of the target that they came from.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/pyroscope.enrich.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: pyroscope-receive-http-relabel-enrich.md C.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_enrich {

component::Registration registration();

}  // namespace invar::components::pyroscope_enrich
