// Labels of objects as every role makes them. For the folder's own sources. Pure.
#pragma once

#include <string>
#include <string_view>

#include "component/target.h"
#include "components/discovery/kubernetes/roles.h"
#include "kube/objects.h"
#include "kube_shared/label_map.h"
#include "kube_shared/pods.h"

namespace invar::components::discovery_kubernetes {

using component::Targets;

using kube_shared::container_labels;
using kube_shared::Group;
using kube_shared::join_address;
using kube_shared::LabelMap;
using kube_shared::pod_labels;

void attach_node(LabelMap& labels, const kube::Node* node);
void attach_namespace(LabelMap& labels, std::string_view space, Lookup& lookup);

// The pods behind endpoints: each adds the ports that no endpoint has.
class SeenPods {
 public:
  void saw(const kube::Pod& pod, std::int32_t port);  // 0: an endpoint without a port
  void append_extras(const Group& group, Targets& out) const;

 private:
  struct Seen {
    const kube::Pod* pod;
    std::vector<std::int32_t> ports;
  };
  std::vector<Seen> seen_;
};

// The container's port that has this number, as labels; the last one wins. Its protocol is `protocol` where that is not empty.
void add_container_port(LabelMap& labels, const kube::Pod& pod, std::int32_t number,
                        std::string_view protocol);

Targets pod_targets(const kube::Pod& pod, Lookup& lookup);
Targets node_targets(const kube::Node& node);
Targets service_targets(const kube::Service& service, Lookup& lookup);
Targets endpoints_targets(const kube::Endpoints& endpoints, Lookup& lookup);
Targets endpointslice_targets(const kube::EndpointSlice& slice, Lookup& lookup);
Targets ingress_targets(const kube::Ingress& ingress, Lookup& lookup);

}  // namespace invar::components::discovery_kubernetes
