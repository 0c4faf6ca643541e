// The arguments of discovery.process. Spec: discovery.md 10.
#pragma once

#include <chrono>

#include "component/target.h"
#include "syntax/schema.h"

namespace invar::components::discovery_process {

// Which facts of a process become labels.
struct Wanted {
  bool exe = true;
  bool cwd = true;
  bool commandline = true;
  bool username = false;
  bool uid = false;
  bool container_id = true;
  bool cgroup_path = false;
  bool operator==(const Wanted&) const = default;
};

struct Arguments {
  component::Targets join;
  Duration refresh_interval = std::chrono::minutes(1);
  Wanted discover_config;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::discovery_process
