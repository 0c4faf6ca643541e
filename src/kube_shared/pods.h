// Labels and targets of pods, the same whoever tells of the pods. Pure. Spec: discovery.md 7.
#pragma once

#include "component/target.h"
#include "kube/objects.h"
#include "kube_shared/label_map.h"

namespace invar::kube_shared {

LabelMap pod_labels(const kube::Pod& pod);  // without its namespace
LabelMap container_labels(const kube::Container& container, const kube::Port& port);

// One target for each port of each container, or one without a port; none for a pod without an address. Each has the pod's labels, its
// namespace and `more`.
component::Targets pod_targets(const kube::Pod& pod, const LabelMap& more);

}  // namespace invar::kube_shared
