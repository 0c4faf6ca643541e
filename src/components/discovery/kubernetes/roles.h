// What each role makes of an object: its targets with their labels. Pure functions of the object and of what they look up besides.
// The labels are Prometheus's, `__meta_kubernetes_...`. Threads: any. Spec: discovery.md 7.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "component/target.h"
#include "components/discovery/kubernetes/arguments.h"
#include "kube/objects.h"

namespace invar::components::discovery_kubernetes {

// Other objects that labels come from; null where there is none, or none is watched.
class Lookup {
 public:
  virtual ~Lookup() = default;
  virtual const kube::Service* service(std::string_view space, std::string_view name) = 0;
  virtual const kube::Pod* pod(std::string_view space, std::string_view name) = 0;
  virtual const kube::Node* node(std::string_view name) = 0;
  virtual const kube::Namespace* name_space(std::string_view name) = 0;
  // Labels of nodes are wanted: a pod on a node that is not known gives no targets then.
  [[nodiscard]] virtual bool wants_nodes() const = 0;
};

// In the order of the object; none for an object that has no address.
component::Targets targets_of(const kube::Object& object, Lookup& lookup);

// "svc/shop/web": the source of a role's object.
std::string source_of(Role role, std::string_view key);
kube::Resource resource_of(Role role);

}  // namespace invar::components::discovery_kubernetes
