// The objects of a Kubernetes API, as far as labels of targets need them: what else a server sends is not kept.
// An object is immutable once it stands in a store. Lists keep the server's order; maps are sorted by key. Texts are shared with the
// labels made of them.
// Source: the Protobuf definitions of core/v1, discovery.k8s.io/v1 and networking.k8s.io/v1. Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/shared_text.h"

namespace invar::kube {

enum class Resource { kPods, kServices, kEndpoints, kEndpointSlices, kIngresses, kNodes, kNamespaces };

using Pairs = std::vector<std::pair<SharedText, SharedText>>;
const SharedText* find_value(const Pairs& pairs, std::string_view key);  // the first's; null: there is none

struct Meta {
  SharedText name, space, uid,
      version;  // space: its namespace, "" for nodes and namespaces; version: of the resource
  Pairs labels, annotations;
  SharedText controller_kind, controller_name;  // of the owner that controls it, if any
};

struct Port {
  SharedText name, protocol;
  std::int32_t number = 0;
};

struct Container {
  SharedText name, image, id;
  bool init = false;
  std::vector<Port> ports;
};

struct Pod {
  Meta meta;
  SharedText node, ip, host_ip, phase;
  SharedText ready;  // status of the condition Ready: "True", "False", "Unknown", "" without one
  std::vector<Container> containers;  // those of the pod, then its init containers
};

struct Node {
  Meta meta;
  SharedText provider_id;
  Pairs conditions, addresses;  // type and status; type and address, in the server's order
  std::int32_t kubelet_port = 0;
};

struct Service {
  Meta meta;
  SharedText type, cluster_ip, external_name, load_balancer_ip;
  std::vector<SharedText> ip_families;  // "IPv4", "IPv6": the primary one first
  std::vector<Port> ports;
};

struct Reference {
  SharedText kind, space, name;
};

struct EndpointAddress {
  SharedText ip, hostname, node;
  std::optional<Reference> target;
};

struct Endpoints {
  struct Subset {
    std::vector<EndpointAddress> ready, not_ready;
    std::vector<Port> ports;
  };
  Meta meta;
  std::vector<Subset> subsets;
};

struct EndpointSlice {
  struct SlicePort {
    std::optional<SharedText> name, protocol, app_protocol;
    std::optional<std::int32_t> number;
  };
  struct Endpoint {
    std::vector<SharedText> addresses;
    std::optional<bool> ready, serving, terminating;
    std::optional<SharedText> hostname, node, zone;
    std::optional<Reference> target;
    Pairs topology;
  };
  Meta meta;
  SharedText address_type;
  std::vector<Endpoint> endpoints;
  std::vector<SlicePort> ports;
};

struct Ingress {
  struct Rule {
    SharedText host;
    std::vector<SharedText> paths;
  };
  Meta meta;
  std::optional<SharedText> class_name;
  std::vector<std::vector<SharedText>> tls_hosts;
  std::vector<Rule> rules;
};

struct Namespace {
  Meta meta;
};

using Object = std::variant<Pod, Service, Endpoints, EndpointSlice, Ingress, Node, Namespace>;
using ObjectPtr = std::shared_ptr<const Object>;

const Meta& meta_of(const Object& object);
// "default/web-1"; the name alone where there is no namespace.
std::string key_of(const Meta& meta);

// Where the API has a resource, and what it is called in rules: "discovery.k8s.io/v1", "endpointslices".
struct ResourceName {
  std::string_view group, version, plural;
  bool namespaced = true;
};
const ResourceName& name_of(Resource resource);

}  // namespace invar::kube
