#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {

Targets pod_targets(const kube::Pod& pod, Lookup& lookup) {
  LabelMap more;
  attach_namespace(more, pod.meta.space, lookup);
  if (lookup.wants_nodes()) {
    const kube::Node* node = lookup.node(pod.node);
    if (!node) return {};
    attach_node(more, node);
  }
  return kube_shared::pod_targets(pod, more);
}

}  // namespace invar::components::discovery_kubernetes
