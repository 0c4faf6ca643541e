#include <fmt/format.h>

#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {

Targets service_targets(const kube::Service& service, Lookup& lookup) {
  LabelMap common;
  common.meta("service", service.meta).set("namespace", service.meta.space);
  attach_namespace(common, service.meta.space, lookup);
  const Group group = common.group();
  Targets targets;
  for (const auto& port : service.ports) {
    LabelMap labels;
    labels.address(fmt::format("{}.{}.svc:{}", service.meta.name, service.meta.space, port.number))
        .set("service_port_name", port.name)
        .set("service_port_number", std::to_string(port.number))
        .set("service_port_protocol", port.protocol)
        .set("service_type", service.type);
    if (service.type == "ExternalName") {
      labels.set("service_external_name", service.external_name);
    } else {
      labels.set("service_cluster_ip", service.cluster_ip);
    }
    if (service.type == "LoadBalancer") labels.set("service_loadbalancer_ip", service.load_balancer_ip);
    targets.push_back(labels.target(group));
  }
  return targets;
}

}  // namespace invar::components::discovery_kubernetes
