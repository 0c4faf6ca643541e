// discovery.http: targets from a URL.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/discovery.http.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: discovery.md 3.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_http {

component::Registration registration();

}  // namespace invar::components::discovery_http
