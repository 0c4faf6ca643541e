// Starts a child for Process and run_process(): in a process group of its own, so that it can be ended with all that it starts; with
// /dev/null as its input, its two outputs in pipes, our environment and what is added, and none of the signals that the loop holds back.
// Threads: any. Errors: an errno. Whoever gets a Child ends it (kill(-pid)) and waits for it.
#pragma once

#include <sys/types.h>

#include <expected>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace invar::async {

struct Child {
  pid_t pid = -1;
  UniqueFd out, err;  // to read from
};

// `arguments[0]` is the program: a path, or a name to look up in PATH. `working_directory`: "" is ours.
std::expected<Child, int> spawn(std::vector<std::string> arguments,
                                const std::map<std::string, std::string>& environment,
                                const std::string& working_directory);

}  // namespace invar::async
