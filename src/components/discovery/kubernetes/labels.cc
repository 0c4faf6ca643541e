#include "components/discovery/kubernetes/labels.h"

#include <algorithm>

namespace invar::components::discovery_kubernetes {

void attach_node(LabelMap& labels, const kube::Node* node) {
  if (node) labels.meta("node", node->meta);
}

void attach_namespace(LabelMap& labels, std::string_view space, Lookup& lookup) {
  const kube::Namespace* found = lookup.name_space(space);
  if (!found) return;
  labels.pairs("namespace_label", found->meta.labels).pairs("namespace_annotation", found->meta.annotations);
}

void add_container_port(LabelMap& labels, const kube::Pod& pod, std::int32_t number,
                        std::string_view protocol) {
  for (const auto& container : pod.containers) {
    const auto port = std::ranges::find(container.ports, number, &kube::Port::number);
    if (port == container.ports.end()) continue;
    labels.add(container_labels(container, *port));
    if (!protocol.empty()) labels.set("pod_container_port_protocol", protocol);
  }
}

void SeenPods::saw(const kube::Pod& pod, std::int32_t port) {
  auto known = std::ranges::find(seen_, &pod, &Seen::pod);
  if (known == seen_.end()) known = seen_.insert(seen_.end(), {&pod, {}});
  known->ports.push_back(port);
}

void SeenPods::append_extras(const Group& group, Targets& out) const {
  for (const Seen& seen : seen_) {
    if (seen.pod->ip.empty()) continue;
    for (const auto& container : seen.pod->containers) {
      for (const auto& port : container.ports) {
        if (std::ranges::find(seen.ports, port.number) != seen.ports.end()) continue;
        LabelMap labels = container_labels(container, port);
        labels.add(pod_labels(*seen.pod)).address(join_address(seen.pod->ip, port.number));
        out.push_back(labels.target(group));
      }
    }
  }
}

}  // namespace invar::components::discovery_kubernetes
