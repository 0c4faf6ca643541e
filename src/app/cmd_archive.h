// `invar archive COMMAND`: the flags of the commands in src/archive_tool, and the real disk and terminal for them.
// Errors: run() returns the exit status, or what was wrong with the words. Threads: the main thread, with helpers of its own.
#pragma once

#include <memory>

#include "base/error.h"

namespace CLI {
class App;
}

namespace invar::app {

class ArchiveCommand {
 public:
  explicit ArchiveCommand(CLI::App& archive);  // adds the commands to `archive`
  ~ArchiveCommand();

  Result<int> run();  // the one that was parsed

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::app
