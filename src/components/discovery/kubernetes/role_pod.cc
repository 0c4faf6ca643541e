#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {

Targets pod_targets(const kube::Pod& pod, Lookup& lookup) {
  if (pod.ip.empty()) return {};
  LabelMap group = pod_labels(pod);
  group.set("namespace", pod.meta.space);
  attach_namespace(group, pod.meta.space, lookup);
  if (lookup.wants_nodes()) {
    const kube::Node* node = lookup.node(pod.node);
    if (!node) return {};
    attach_node(group, node);
  }
  Targets targets;
  for (const auto& container : pod.containers) {
    LabelMap labels;
    labels.set("pod_container_name", container.name)
        .set("pod_container_id", container.id)
        .set("pod_container_image", container.image)
        .set("pod_container_init", container.init ? "true" : "false");
    if (container.ports.empty()) {
      targets.push_back(labels.address(pod.ip).target(group));
      continue;
    }
    for (const auto& port : container.ports) {
      LabelMap with_port = labels;
      with_port.add(container_labels(container, port)).address(join_address(pod.ip, port.number));
      targets.push_back(with_port.target(group));
    }
  }
  return targets;
}

}  // namespace invar::components::discovery_kubernetes
