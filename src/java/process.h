// Process: a process of this machine, held so that another one with its number is never taken for it.
// Threads: any, one at a time; calls read /proc and may block: pool only.
// Errors:  kGone when it ended, also meanwhile; kNoPermission.   Source: pyroscope-java.md 5.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "java/trouble.h"

namespace invar::java {

struct ProcessFacts {
  unsigned uid = 0, gid = 0;  // effective, as we see them
  int inner_pid = 0;          // in its own PID namespace
  unsigned root_uid = 0;      // who is root in its user namespace, as we see him
  std::uint64_t start_ticks = 0;
  bool catches_quit = false;  // a handler for SIGQUIT
  bool is_stopped = false;    // by SIGSTOP or a debugger
  std::vector<std::string>
      libraries;  // files mapped whose names have `libjvm`, `libj9vm` or `libasyncProfiler`
  std::vector<std::string> options;  // its command line, and the variables with options of a JVM
  std::string temporary_directory;   // of -Djava.io.tmpdir; may be empty
};

class Process {
 public:
  static Outcome<Process> open(int pid);

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] Outcome<ProcessFacts> facts() const;
  // A file below /proc/PID, 16 MiB at most.
  [[nodiscard]] Outcome<std::string> read(const char* name) const;
  [[nodiscard]] std::string link(const char* name) const;  // "" when it cannot be read
  // Its open files, as it sees them, whose names begin and end so.
  [[nodiscard]] std::vector<std::string> open_files(std::string_view prefix, std::string_view suffix) const;
  // O_PATH: its root directory or working directory.
  [[nodiscard]] Outcome<UniqueFd> directory(const char* name) const;
  [[nodiscard]] Outcome<> send_quit() const;
  // Waits for its end; true when it came within `milliseconds`.
  [[nodiscard]] bool ended(int milliseconds) const;
  // A path of maps or of a link under /proc as the process itself would write it.
  [[nodiscard]] std::string as_seen_inside(std::string path) const;

 private:
  Process(int pid, UniqueFd directory, UniqueFd pidfd)
      : pid_(pid), directory_(std::move(directory)), pidfd_(std::move(pidfd)) {}

  int pid_;
  UniqueFd directory_;  // /proc/PID
  UniqueFd pidfd_;
};

// Parts of /proc, for tests: pure.
void read_status(std::string_view status, ProcessFacts& facts);
std::uint64_t start_ticks_of(std::string_view stat);
unsigned root_uid_of(std::string_view uid_map);
std::vector<std::string> libraries_of(std::string_view maps);

}  // namespace invar::java
