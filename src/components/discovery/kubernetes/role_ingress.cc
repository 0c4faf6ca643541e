#include <algorithm>

#include "components/discovery/kubernetes/labels.h"

namespace invar::components::discovery_kubernetes {
namespace {

// `*.` stands for exactly the first part of a name.
bool covers(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

bool has_tls(const kube::Ingress& ingress, std::string_view host) {
  return std::ranges::any_of(ingress.tls_hosts, [&](const auto& hosts) {
    return std::ranges::any_of(hosts, [&](const auto& pattern) { return covers(pattern, host); });
  });
}

}  // namespace

Targets ingress_targets(const kube::Ingress& ingress, Lookup& lookup) {
  LabelMap common;
  common.meta("ingress", ingress.meta).set("namespace", ingress.meta.space);
  if (ingress.class_name) common.set("ingress_class_name", *ingress.class_name);
  attach_namespace(common, ingress.meta.space, lookup);
  const Group group = common.group();
  Targets targets;
  for (const auto& rule : ingress.rules) {
    std::vector<SharedText> paths = rule.paths;
    if (paths.empty()) paths.emplace_back("/");
    for (const auto& path : paths) {
      LabelMap labels;
      labels.address(rule.host)
          .set("ingress_scheme", has_tls(ingress, rule.host) ? "https" : "http")
          .set("ingress_host", rule.host)
          .set("ingress_path", path.empty() ? "/" : path);
      targets.push_back(labels.target(group));
    }
  }
  return targets;
}

}  // namespace invar::components::discovery_kubernetes
