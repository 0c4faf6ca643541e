// Joins processes with targets from elsewhere by the container that both name.
// A process takes the labels of its container's target, which win over its own; an empty one removes its own. Targets that name a
// container are in the result themselves, too, once per container (the last one); targets that name none as they are.
// Pure. Spec: discovery.md 10.
#pragma once

#include <map>
#include <string>

#include "component/group_store.h"
#include "components/discovery/process/proc_reader.h"

namespace invar::components::discovery_process {

// `__container_id__`, else the id of a Kubernetes container without its runtime, else that of a Docker container.
std::string_view joined_container(const component::Target& target);

class Join {
 public:
  Join() = default;
  explicit Join(const component::Targets& targets);

  [[nodiscard]] component::Target with_labels(const Process& process) const;
  void add_to(component::Groups& groups) const;  // the targets themselves

 private:
  component::Targets without_container_;
  std::map<std::string, component::Target, std::less<>> by_container_;
};

// Sorted by pid, between the targets that name no container and those that do.
std::string source_of(int pid);

}  // namespace invar::components::discovery_process
