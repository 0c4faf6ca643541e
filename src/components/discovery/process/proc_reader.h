// Reads processes from /proc.
// A process that ends meanwhile, or whose wanted facts cannot be read, is left out; so are kernel threads and zombies when `exe` is
// wanted. Blocks: pool only. Spec: discovery.md 10.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "component/target.h"
#include "components/discovery/process/arguments.h"

namespace invar::components::discovery_process {

struct Process {
  int pid = 0;
  std::string container_id;
  component::Target::Map labels;
};

struct Scan {
  std::vector<Process> processes;  // by pid
  std::size_t refused = 0;         // processes that exist but may not be looked at
};

// Errors: `proc` cannot be listed.
Result<Scan> read_processes(const std::string& proc, const Wanted& wanted);
// These alone, those that still are.
Scan read_processes(const std::string& proc, const Wanted& wanted, const std::vector<int>& pids);

}  // namespace invar::components::discovery_process
