#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {
namespace {

Group group_of(const kube::Endpoints& endpoints, Lookup& lookup) {
  const kube::Meta& meta = endpoints.meta;
  LabelMap group;
  group.meta("endpoints", meta).set("namespace", meta.space);
  if (const kube::Service* service = lookup.service(meta.space, meta.name))
    group.meta("service", service->meta);
  attach_namespace(group, meta.space, lookup);
  return group.group();
}

const kube::Node* node_of(const kube::EndpointAddress& address, Lookup& lookup) {
  if (!lookup.wants_nodes()) return nullptr;
  if (!address.node.empty()) return lookup.node(address.node);
  return address.target && address.target->kind == "Node" ? lookup.node(address.target->name) : nullptr;
}

}  // namespace

Targets endpoints_targets(const kube::Endpoints& endpoints, Lookup& lookup) {
  const Group group = group_of(endpoints, lookup);
  SeenPods seen;
  Targets targets;
  const auto add = [&](const kube::EndpointAddress& address, const kube::Port& port, bool ready) {
    LabelMap labels;
    labels.address(join_address(address.ip, port.number))
        .set("endpoint_port_name", port.name)
        .set("endpoint_port_protocol", port.protocol)
        .set("endpoint_ready", ready ? "true" : "false");
    if (address.target) {
      labels.set("endpoint_address_target_kind", address.target->kind)
          .set("endpoint_address_target_name", address.target->name);
    }
    if (!address.node.empty()) labels.set("endpoint_node_name", address.node);
    if (!address.hostname.empty()) labels.set("endpoint_hostname", address.hostname);
    attach_node(labels, node_of(address, lookup));
    if (address.target && address.target->kind == "Pod") {
      if (const kube::Pod* pod = lookup.pod(address.target->space, address.target->name)) {
        labels.add(pod_labels(*pod));
        add_container_port(labels, *pod, port.number, port.protocol);
        seen.saw(*pod, port.number);
      }
    }
    targets.push_back(labels.target(group));
  };
  for (const auto& subset : endpoints.subsets) {
    for (const auto& port : subset.ports) {
      for (const auto& address : subset.ready) add(address, port, true);
      for (const auto& address : subset.not_ready) add(address, port, false);
    }
  }
  seen.append_extras(group, targets);
  return targets;
}

}  // namespace invar::components::discovery_kubernetes
