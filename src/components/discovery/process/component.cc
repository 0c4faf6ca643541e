#include "components/discovery/process/component.h"

#include "component/discovery.h"
#include "components/discovery/process/arguments.h"
#include "components/discovery/process/discovery.h"

namespace invar::components::discovery_process {
namespace {

constexpr const char* kDocumentation =
    R"(Every process becomes one target with the label `__process_pid__` and what `discover_config` asks for. Labels without a value
are left out. A process that cannot be read is left out: kernel threads and zombies, and those of other users when Invar is not
root (it then says how many). In a container Invar sees the host's processes only in the host's PID namespace (`--pid=host`,
`hostPID: true`).

New processes are found within a second where Invar may use the kernel's proc connector (`CAP_NET_ADMIN` in the host's
namespaces), otherwise at the next `refresh_interval`; the component's debug info says which.

## Joining

A process whose `__container_id__` is named by a target in `join` takes that target's labels, which win over its own. A target
names a container by `__container_id__`, `__meta_kubernetes_pod_container_id` or `__meta_docker_container_id`. The targets
themselves are exported, too: those that name no container as they are, the others once per container.

The container is found in the process's cgroup (v1 and v2) as Docker, containerd, CRI-O and Podman name it, also when the
container has groups of its own inside, as systemd makes them.
)";

constexpr const char* kExample = R"(discovery.process "all" {
  refresh_interval = "60s"

  discover_config {
    cwd          = true
    exe          = true
    commandline  = true
    username     = true
    uid          = true
    container_id = true
  }
}

discovery.relabel "java" {
  targets = discovery.process.all.targets

  rule {
    source_labels = ["__meta_process_exe"]
    regex         = ".*/java"
    action        = "keep"
  }
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.process",
       .summary = "Finds the processes of this machine, and joins them with targets of their containers.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::discovery_process
