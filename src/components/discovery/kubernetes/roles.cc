#include "components/discovery/kubernetes/roles.h"

#include <fmt/format.h>

#include <array>

#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {

component::Targets targets_of(const kube::Object& object, Lookup& lookup) {
  struct Visitor {
    Targets operator()(const kube::Pod& pod) const { return pod_targets(pod, lookup); }
    Targets operator()(const kube::Node& node) const { return node_targets(node); }
    Targets operator()(const kube::Service& service) const { return service_targets(service, lookup); }
    Targets operator()(const kube::Endpoints& endpoints) const {
      return endpoints_targets(endpoints, lookup);
    }
    Targets operator()(const kube::EndpointSlice& slice) const {
      return endpointslice_targets(slice, lookup);
    }
    Targets operator()(const kube::Ingress& ingress) const { return ingress_targets(ingress, lookup); }
    Targets operator()(const kube::Namespace&) const { return {}; }
    Lookup& lookup;
  };
  return std::visit(Visitor{lookup}, object);
}

std::string source_of(Role role, std::string_view key) {
  return fmt::format("{}/{}", role == Role::kService ? "svc" : to_string(role), key);
}

kube::Resource resource_of(Role role) {
  using kube::Resource;
  static constexpr std::array kResources = {Resource::kNodes,          Resource::kServices,
                                            Resource::kPods,           Resource::kEndpoints,
                                            Resource::kEndpointSlices, Resource::kIngresses};
  return kResources[static_cast<std::size_t>(role)];
}

}  // namespace invar::components::discovery_kubernetes
