// Labels of objects as every role makes them. For the folder's own sources. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "component/target.h"
#include "components/discovery/kubernetes/roles.h"
#include "kube/objects.h"

namespace invar::components::discovery_kubernetes {

using component::Target;
using component::Targets;

// `__meta_kubernetes_<name>`; set() replaces.
class LabelMap {
 public:
  LabelMap& set(std::string_view name, std::string value);
  LabelMap& address(std::string value);                                // __address__
  LabelMap& add(const LabelMap& other);                                // replaces what both have
  LabelMap& meta(std::string_view kind, const kube::Meta& m);          // name, labels and annotations
  LabelMap& pairs(std::string_view prefix, const kube::Pairs& pairs);  // <prefix>_<s> and <prefix>present_<s>
  [[nodiscard]] Target target(const LabelMap& group) const;            // group labels, and these over them
  LabelMap& plain(std::string name, std::string value);                // without the prefix

 private:
  Target::Map map_;
};

// `h:p`, with brackets around an IPv6 address.
std::string join_address(std::string_view host, std::int32_t port);

LabelMap pod_labels(const kube::Pod& pod);  // without its namespace
LabelMap container_labels(const kube::Container& container, const kube::Port& port);
void attach_node(LabelMap& labels, const kube::Node* node);
void attach_namespace(LabelMap& labels, std::string_view space, Lookup& lookup);

// The pods behind endpoints: each adds the ports that no endpoint has.
class SeenPods {
 public:
  void saw(const kube::Pod& pod, std::int32_t port);  // 0: an endpoint without a port
  void append_extras(const LabelMap& group, Targets& out) const;

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
