#include "kube_shared/pods.h"

#include "base/strings.h"

namespace invar::kube_shared {

LabelMap pod_labels(const kube::Pod& pod) {
  LabelMap labels;
  labels.meta("pod", pod.meta)
      .set("pod_ip", pod.ip)
      .set("pod_ready", pod.ready.empty() ? "unknown" : to_lower_ascii(pod.ready))
      .set("pod_phase", pod.phase)
      .set("pod_node_name", pod.node)
      .set("pod_host_ip", pod.host_ip)
      .set("pod_uid", pod.meta.uid);
  if (!pod.meta.controller_kind.empty()) labels.set("pod_controller_kind", pod.meta.controller_kind);
  if (!pod.meta.controller_name.empty()) labels.set("pod_controller_name", pod.meta.controller_name);
  return labels;
}

LabelMap container_labels(const kube::Container& container, const kube::Port& port) {
  LabelMap labels;
  labels.set("pod_container_name", container.name)
      .set("pod_container_image", container.image)
      .set("pod_container_init", container.init ? "true" : "false")
      .set("pod_container_port_name", port.name)
      .set("pod_container_port_number", std::to_string(port.number))
      .set("pod_container_port_protocol", port.protocol);
  return labels;
}

component::Targets pod_targets(const kube::Pod& pod, const LabelMap& more) {
  if (pod.ip.empty()) return {};
  const Group group = pod_labels(pod).set("namespace", pod.meta.space).add(more).group();
  component::Targets targets;
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

}  // namespace invar::kube_shared
