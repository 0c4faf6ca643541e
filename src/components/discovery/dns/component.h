// discovery.dns: the records of names as targets. User's page: docs/reference/components/discovery.dns.md.
// Inside:   discovery.h polls; resolver.h asks, answer.h reads what comes, pure.
// Threads:  loop thread; c-ares on the loop, its configuration read on the pool.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 5.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_dns {

component::Registration registration();

}  // namespace invar::components::discovery_dns
