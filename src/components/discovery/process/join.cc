#include "components/discovery/process/join.h"

#include <fmt/format.h>

namespace invar::components::discovery_process {

std::string_view joined_container(const component::Target& target) {
  if (const std::string_view id = target.get("__container_id__"); !id.empty()) return id;
  if (std::string_view id = target.get("__meta_kubernetes_pod_container_id"); !id.empty()) {
    const std::size_t scheme = id.find("://");
    if (scheme != std::string_view::npos) id.remove_prefix(scheme + 3);
    return id;
  }
  return target.get("__meta_docker_container_id");
}

Join::Join(const component::Targets& targets) {
  for (const component::Target& target : targets) {
    const std::string_view id = joined_container(target);
    if (id.empty())
      without_container_.push_back(target);
    else
      by_container_.insert_or_assign(std::string(id), target);
  }
}

component::Target Join::with_labels(const Process& process) const {
  const auto it =
      process.container_id.empty() ? by_container_.end() : by_container_.find(process.container_id);
  if (it == by_container_.end()) return component::Target(process.labels);
  component::Target::Map labels = process.labels;
  for (const auto& [name, value] : it->second.labels()) {
    if (value.empty())
      labels.erase(std::string(name));
    else
      labels.insert_or_assign(std::string(name), value);
  }
  return component::Target(labels);
}

void Join::add_to(component::Groups& groups) const {
  if (!without_container_.empty()) groups.emplace("join", without_container_);
  for (const auto& [id, target] : by_container_) groups.emplace("target/" + id, component::Targets{target});
}

std::string source_of(int pid) {
  return fmt::format("process/{:010}", pid);
}

}  // namespace invar::components::discovery_process
