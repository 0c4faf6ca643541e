#include "components/discovery/kubernetes/labels.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace invar::components::discovery_kubernetes {

LabelMap& LabelMap::set(std::string_view name, std::string value) {
  map_.insert_or_assign(fmt::format("__meta_kubernetes_{}", name), std::move(value));
  return *this;
}

LabelMap& LabelMap::plain(std::string name, std::string value) {
  map_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}

LabelMap& LabelMap::address(std::string value) {
  return plain("__address__", std::move(value));
}

LabelMap& LabelMap::add(const LabelMap& other) {
  for (const auto& [name, value] : other.map_) map_.insert_or_assign(name, value);
  return *this;
}

LabelMap& LabelMap::pairs(std::string_view prefix, const kube::Pairs& pairs) {
  for (const auto& [name, value] : pairs) {
    const std::string clean = sanitize(name);
    set(fmt::format("{}_{}", prefix, clean), value);
    set(fmt::format("{}present_{}", prefix, clean), "true");
  }
  return *this;
}

LabelMap& LabelMap::meta(std::string_view kind, const kube::Meta& meta) {
  set(fmt::format("{}_name", kind), meta.name);
  pairs(fmt::format("{}_label", kind), meta.labels);
  return pairs(fmt::format("{}_annotation", kind), meta.annotations);
}

Target LabelMap::target(const LabelMap& group) const {
  Target::Map labels = group.map_;
  for (const auto& [name, value] : map_) labels.insert_or_assign(name, value);
  return Target(std::move(labels));
}

std::string join_address(std::string_view host, std::int32_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

LabelMap pod_labels(const kube::Pod& pod) {
  LabelMap labels;
  labels.meta("pod", pod.meta)
      .set("pod_ip", pod.ip)
      .set("pod_ready", pod.ready.empty() ? "unknown" : to_lower_ascii(pod.ready))
      .set("pod_phase", pod.phase)
      .set("pod_node_name", pod.node)
      .set("pod_host_ip", pod.host_ip)
      .set("pod_uid", pod.meta.uid);
  if (!pod.meta.controller_kind.empty()) labels.set("pod_controller_kind", pod.meta.controller_kind);
  if (!pod.meta.controller_name.empty()) labels.set("pod_controller_name", pod.meta.controller_name);
  return labels;
}

LabelMap container_labels(const kube::Container& container, const kube::Port& port) {
  LabelMap labels;
  labels.set("pod_container_name", container.name)
      .set("pod_container_image", container.image)
      .set("pod_container_init", container.init ? "true" : "false")
      .set("pod_container_port_name", port.name)
      .set("pod_container_port_number", std::to_string(port.number))
      .set("pod_container_port_protocol", port.protocol);
  return labels;
}

void attach_node(LabelMap& labels, const kube::Node* node) {
  if (node) labels.meta("node", node->meta);
}

void attach_namespace(LabelMap& labels, std::string_view space, Lookup& lookup) {
  const kube::Namespace* found = lookup.name_space(space);
  if (!found) return;
  labels.pairs("namespace_label", found->meta.labels).pairs("namespace_annotation", found->meta.annotations);
}

void add_container_port(LabelMap& labels, const kube::Pod& pod, std::int32_t number,
                        std::string_view protocol) {
  for (const auto& container : pod.containers) {
    const auto port = std::ranges::find(container.ports, number, &kube::Port::number);
    if (port == container.ports.end()) continue;
    labels.add(container_labels(container, *port));
    if (!protocol.empty()) labels.set("pod_container_port_protocol", std::string(protocol));
  }
}

void SeenPods::saw(const kube::Pod& pod, std::int32_t port) {
  auto known = std::ranges::find(seen_, &pod, &Seen::pod);
  if (known == seen_.end()) known = seen_.insert(seen_.end(), {&pod, {}});
  known->ports.push_back(port);
}

void SeenPods::append_extras(const LabelMap& group, Targets& out) const {
  for (const Seen& seen : seen_) {
    if (seen.pod->ip.empty()) continue;
    for (const auto& container : seen.pod->containers) {
      for (const auto& port : container.ports) {
        if (std::ranges::find(seen.ports, port.number) != seen.ports.end()) continue;
        LabelMap labels = container_labels(container, port);
        labels.add(pod_labels(*seen.pod)).address(join_address(seen.pod->ip, port.number));
        out.push_back(labels.target(group));
      }
    }
  }
}

}  // namespace invar::components::discovery_kubernetes
