#include "component/label_name.h"
#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {
namespace {

using kube::EndpointSlice;

const kube::Service* service_of(const EndpointSlice& slice, Lookup& lookup) {
  const SharedText* name = kube::find_value(slice.meta.labels, "kubernetes.io/service-name");
  return name ? lookup.service(slice.meta.space, *name) : nullptr;
}

// A service of two families has its endpoints in two slices; those of the second would be everything twice.
bool of_second_family(const EndpointSlice& slice, const kube::Service& service) {
  return service.ip_families.size() > 1 && slice.address_type != service.ip_families[0];
}

const kube::Node* node_of(const EndpointSlice::Endpoint& endpoint, Lookup& lookup) {
  if (!lookup.wants_nodes()) return nullptr;
  if (endpoint.node) return lookup.node(*endpoint.node);
  return endpoint.target && endpoint.target->kind == "Node" ? lookup.node(endpoint.target->name) : nullptr;
}

void set_if(LabelMap& labels, std::string_view name, const std::optional<SharedText>& value) {
  if (value) labels.set(name, *value);
}
void set_if(LabelMap& labels, std::string_view name, const std::optional<bool>& value) {
  if (value) labels.set(name, *value ? "true" : "false");
}

LabelMap labels_of(const EndpointSlice::Endpoint& endpoint, const EndpointSlice::SlicePort& port) {
  LabelMap labels;
  set_if(labels, "endpointslice_port_name", port.name);
  set_if(labels, "endpointslice_port_protocol", port.protocol);
  if (port.number) labels.set("endpointslice_port", std::to_string(*port.number));
  set_if(labels, "endpointslice_port_app_protocol", port.app_protocol);
  set_if(labels, "endpointslice_endpoint_conditions_ready", endpoint.ready);
  set_if(labels, "endpointslice_endpoint_conditions_serving", endpoint.serving);
  set_if(labels, "endpointslice_endpoint_conditions_terminating", endpoint.terminating);
  set_if(labels, "endpointslice_endpoint_hostname", endpoint.hostname);
  set_if(labels, "endpointslice_endpoint_node_name", endpoint.node);
  set_if(labels, "endpointslice_endpoint_zone", endpoint.zone);
  if (endpoint.target) {
    labels.set("endpointslice_address_target_kind", endpoint.target->kind)
        .set("endpointslice_address_target_name", endpoint.target->name);
  }
  for (const auto& [name, value] : endpoint.topology) {
    const std::string clean = component::clean_label_name(name);
    labels.set("endpointslice_endpoint_topology_" + clean, value)
        .set("endpointslice_endpoint_topology_present_" + clean, "true");
  }
  return labels;
}

}  // namespace

Targets endpointslice_targets(const EndpointSlice& slice, Lookup& lookup) {
  const kube::Meta& meta = slice.meta;
  const kube::Service* service = service_of(slice, lookup);
  if (service && of_second_family(slice, *service)) return {};
  LabelMap common;
  common.meta("endpointslice", meta)
      .set("namespace", meta.space)
      .set("endpointslice_address_type", slice.address_type);
  if (service) common.meta("service", service->meta);
  attach_namespace(common, meta.space, lookup);
  const Group group = common.group();

  SeenPods seen;
  Targets targets;
  for (const auto& endpoint : slice.endpoints) {
    const kube::Pod* pod = endpoint.target && endpoint.target->kind == "Pod"
                               ? lookup.pod(endpoint.target->space, endpoint.target->name)
                               : nullptr;
    for (const auto& port : slice.ports) {
      for (const auto& address : endpoint.addresses) {
        LabelMap labels = labels_of(endpoint, port);
        labels.address(port.number ? join_address(address, *port.number) : address);
        attach_node(labels, node_of(endpoint, lookup));
        if (pod) {
          labels.add(pod_labels(*pod));
          if (port.number) add_container_port(labels, *pod, *port.number, "");
          seen.saw(*pod, port.number.value_or(0));
        }
        targets.push_back(labels.target(group));
      }
    }
  }
  seen.append_extras(group, targets);
  return targets;
}

}  // namespace invar::components::discovery_kubernetes
