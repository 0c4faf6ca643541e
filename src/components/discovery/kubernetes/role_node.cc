#include <array>

#include "base/strings.h"
#include "component/label_name.h"
#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {
namespace {

// The address to scrape; null where a node has none.
const SharedText* address_of(const kube::Node& node) {
  static constexpr std::array<std::string_view, 6> kOrder = {"InternalIP",  "InternalDNS",  "ExternalIP",
                                                             "ExternalDNS", "LegacyHostIP", "Hostname"};
  for (const auto type : kOrder) {
    if (const SharedText* found = kube::find_value(node.addresses, type)) return found;
  }
  return nullptr;
}

}  // namespace

Targets node_targets(const kube::Node& node) {
  const SharedText* address = address_of(node);
  if (!address) return {};
  LabelMap group;
  group.meta("node", node.meta).set("node_provider_id", node.provider_id);
  for (const auto& [type, status] : node.conditions) {
    group.set("node_condition_" + component::clean_label_name(to_lower_ascii(type)), to_lower_ascii(status));
  }
  LabelMap labels;
  // The first address of a type counts.
  for (auto it = node.addresses.rbegin(); it != node.addresses.rend(); ++it) {
    labels.set("node_address_" + component::clean_label_name(it->first), it->second);
  }
  labels.address(join_address(*address, node.kubelet_port)).plain("instance", node.meta.name);
  return {labels.target(group.group())};
}

}  // namespace invar::components::discovery_kubernetes
