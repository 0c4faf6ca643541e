// Process: a program run as a child, its output collected, for helpers that print their answer (credential plugins).
// Shape:    run() returns at once; `done` runs later on the loop, exactly once, never from inside run(). Destroying the Process
//           kills the child and its process group; `done` is then not called.
// Limits:   `time_limit` and `max_output_bytes` each end the child with an error.
// Errors:   kNotFound when there is no such program; kTimeout; kResourceExhausted. A child that fails is a result, not an error.
// Security: standard input is /dev/null; only what is named here is inherited. What the child says may be secret: it is not logged.
// Threads:  loop thread. Starting a child takes about a millisecond. Lifetime: before the loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "base/error.h"

namespace invar::async {

class Process {
 public:
  struct Options {
    std::vector<std::string> arguments;  // the first is the program: a path, or a name to look up in PATH
    std::vector<std::pair<std::string, std::string>>
        environment;                // besides our own; replaces variables of that name
    std::string working_directory;  // "": ours
    Duration time_limit = std::chrono::seconds(30);
    std::size_t max_output_bytes = 1 << 20;  // of each of the two streams
  };
  struct Output {
    int exit_code = 0;  // 128 + number when a signal ended it
    std::string out, err;
  };
  using Done = std::move_only_function<void(Result<Output>)>;

  virtual ~Process() = default;
  [[nodiscard]] static std::unique_ptr<Process> run(Loop& loop, Options options, Done done);
};

}  // namespace invar::async
