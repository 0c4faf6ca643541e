// Symbolizer: addresses of this process to functions, files and lines, inlined frames included (libdwfl,
// libdw). Answers are cached by address for its lifetime; debug information is opened only for addresses
// never asked before and closed again. Reads local files only: the executables that are mapped and
// /usr/lib/debug/.build-id. Threads: any, one lookup at a time; the first costs up to some 100 ms of CPU:
// worker pool only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace invar::selfprof {

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
  Symbolizer();
  ~Symbolizer();
  // Every address asked for is in the answer.
  std::unordered_map<std::uintptr_t, std::shared_ptr<const Place>> lookup(
      const std::vector<std::uintptr_t>& addresses);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::selfprof
