// pyroscope.relabel: rewrites the labels of profiles, or drops them.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/pyroscope.relabel.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: pyroscope-receive-http-relabel-enrich.md B.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_relabel {

component::Registration registration();

}  // namespace invar::components::pyroscope_relabel
