#include "components/discovery/kubernetes/feeds.h"

#include <algorithm>

#include "components/discovery/kubernetes/roles.h"

namespace invar::components::discovery_kubernetes {

std::vector<kube::WatchKey> watches_of(const Arguments& arguments, const std::vector<std::string>& spaces) {
  const Role role = role_of(arguments);
  const auto key = [&](Role of, const std::string& space) {
    kube::WatchKey watch{resource_of(of), space, "", ""};
    const auto selector = std::ranges::find(arguments.selectors, to_string(of), &Selector::role);
    if (selector != arguments.selectors.end()) {
      watch.label_selector = selector->label;
      watch.field_selector = selector->field;
    }
    return watch;
  };
  const std::vector<std::string> all = {""};
  std::vector<kube::WatchKey> watches;
  if (role == Role::kNode) return {key(Role::kNode, "")};
  for (const auto& space : spaces.empty() ? all : spaces) watches.push_back(key(role, space));
  const bool endpoints = role == Role::kEndpoints || role == Role::kEndpointSlice;
  if (endpoints) {
    for (const auto& space : spaces.empty() ? all : spaces) {
      watches.push_back(key(Role::kService, space));
      watches.push_back(key(Role::kPod, space));
    }
  }
  if (arguments.attach_metadata.node && (endpoints || role == Role::kPod))
    watches.push_back(key(Role::kNode, ""));
  if (arguments.attach_metadata.name_space) {
    // One of its own for each that is named: the right to see all of them is not needed.
    for (const auto& space : spaces.empty() ? all : spaces) {
      watches.push_back({kube::Resource::kNamespaces, "", "", space.empty() ? "" : "metadata.name=" + space});
    }
  }
  return watches;
}

}  // namespace invar::components::discovery_kubernetes
