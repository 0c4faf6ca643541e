// The container that a process belongs to, read from its /proc/PID/cgroup. Pure. Spec: discovery.md 10.
#pragma once

#include <string>
#include <string_view>

namespace invar::component {

// The id (64 small hexadecimal digits, or 32 and a number as on ECS Fargate) of the innermost container, "" when it is in none.
// Understood: cgroup v1 and v2; Docker, containerd, CRI-O, Podman and LXC-like nesting, with cgroupfs or systemd names, also with
// further groups inside the container (`…/<id>/init.scope`). The monitor of a container (conmon) is not in it.
std::string container_id(std::string_view cgroup_file);

}  // namespace invar::component
