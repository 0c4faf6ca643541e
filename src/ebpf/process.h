// Process: one program that runs (a process between two execs): where its files are mapped, and who wants its profiles.
// Threads: one at a time; reading it blocks.  Source: docs/behaviour/ebpf.md 7.5.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ebpf/binaries.h"
#include "ebpf/perf_map.h"
#include "ebpf/python_process.h"
#include "ebpf/work_share.h"

namespace invar::ebpf {

// Who wants the profiles of a process: whatever the engine's user makes it.
struct Owner {
  virtual ~Owner() = default;
};
using OwnerPtr = std::shared_ptr<const Owner>;

struct MappedBinary {
  MapLine line;
  BinaryPtr binary;  // null: memory without a file, or a file that cannot be read
  ModulePtr module;
  std::uint64_t bias = 0;  // an address less this is the file's own
  bool waits = false;      // not opened yet: its process has had its share of this interval
};

class Process {
 public:
  Process(int pid, std::uint32_t generation) : pid(pid), generation(generation) {}

  static constexpr std::size_t kMaxMapsText = std::size_t{8} << 20;

  // Reads its mappings, anew when it has been read. false: it is gone.
  bool read(Binaries& binaries, std::uint64_t interval);
  [[nodiscard]] const MappedBinary* find(std::uint64_t address) const;
  // A name from its perf map, which is read again, once an interval at most, when it has grown; "" for none.
  std::string_view jit_name(std::uint64_t address, std::uint64_t interval);

  const int pid;
  const std::uint32_t generation;
  OwnerPtr owner;
  std::string comm;
  std::vector<MappedBinary> mappings;                   // by address
  std::uint32_t first_mapping = 0, mappings_taken = 0;  // its run in the BPF map
  std::unique_ptr<PythonProcess> python;                // null: it is none, or not one that is known
  std::string python_note;
  int python_looks = 0;
  WorkShare share;
  std::size_t waits = 0;   // so many of its mappings do
  bool cut = false;        // it has more mappings than are kept of it
  bool looked_at = false;  // its owner is decided
  bool ended = false;
  bool is_32bit = false;  // then it has no mappings here
  std::uint64_t samples = 0;
  std::uint64_t read_bytes = 0, read_interval = 0;  // of its list of mappings, in that interval

 private:
  [[nodiscard]] std::vector<MappedBinary>::const_iterator known_mapping(const MapLine& line) const;
  void read_perf_map();

  std::unique_ptr<PerfMap> perf_map_;
  std::uint64_t perf_map_read_ = 0;  // bytes
  std::uint64_t perf_map_interval_ = ~std::uint64_t{0};
};
using ProcessPtr = std::shared_ptr<Process>;

}  // namespace invar::ebpf
