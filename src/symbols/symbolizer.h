// Symbolizer: addresses of one process to functions, files and lines, inlined frames included (libdwfl, libdw).
// Reads:    local files only: /proc/PID/maps, the files that are mapped, as the process sees them (its root, a deleted
//           executable too), and /usr/lib/debug/.build-id of its root and of ours.
// Cost:     answers are kept by address; debug information is opened for addresses never asked before and closed again.
//           A first lookup takes up to some 100 ms of CPU: worker pool only.
// Errors:   none; what cannot be read (the process is gone or another user's) is "[unknown]", in no module.
// Threads:  any, one lookup at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace invar::symbols {

struct Frame {
  std::string name;         // short form; "[libc.so.6]" when the module has no symbol there
  std::string system_name;  // as the linker knows it
  std::string file;
  int line = 0;
  int start_line = 0;  // of the function
};

struct Module {
  std::uint64_t start = 0, limit = 0;
  std::string path;
  std::string build_id;  // hex
};

struct Place {
  std::vector<Frame> frames;             // innermost first, at least one
  std::shared_ptr<const Module> module;  // null: the address is in no mapped file
};

class Symbolizer {
 public:
  explicit Symbolizer(pid_t pid);
  ~Symbolizer();
  // Every address asked for is in the answer.
  std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> lookup(
      const std::vector<std::uintptr_t>& addresses);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::symbols
