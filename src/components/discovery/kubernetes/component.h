// discovery.kubernetes: objects of a Kubernetes API as targets. All components share their watches.
// User's page: docs/reference/components/discovery.kubernetes.md.
// Inside:   discovery.h follows, feeds.h says what; roles.h makes the targets, pure; references.h finds what a change concerns.
// Threads:  loop thread; answers are decoded on the pool (src/kube).
// Lifetime: stopped before it is destroyed. Spec: discovery.md 7.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_kubernetes {

component::Registration registration();

}  // namespace invar::components::discovery_kubernetes
