// discovery.kubelet: the pods of one node as targets, asked of its kubelet. User's page: docs/reference/components/discovery.kubelet.md.
// Inside:   discovery.h polls; pod_list.h reads, labels are those of src/kube_shared.
// Threads:  loop thread; answers are read on the pool.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11a.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_kubelet {

component::Registration registration();

}  // namespace invar::components::discovery_kubelet
