// pyroscope.receive_http: takes profiles that others push, and passes them on.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/pyroscope.receive_http.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: pyroscope-receive-http-relabel-enrich.md A.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_receive_http {

component::Registration registration();

}  // namespace invar::components::pyroscope_receive_http
