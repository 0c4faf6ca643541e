// /proc/PID/maps: the executable mappings of a process. Pure. Threads: any.
// Bounds: kMaxMappingsOfProcess of them; the rest is left out, and said. Source: docs/behaviour/ebpf.md 7.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace invar::ebpf {

struct MapLine {
  std::uint64_t start = 0, end = 0, offset = 0;
  std::uint64_t device = 0, inode = 0;  // as in the text: major << 32 | minor
  std::string path;                     // "" of anonymous memory; without " (deleted)"
  bool deleted = false;
  [[nodiscard]] bool of_file() const { return inode != 0 && path.starts_with('/'); }
  bool operator==(const MapLine&) const = default;
};

inline constexpr std::size_t kMaxMappingsOfProcess = 4096;

struct Maps {
  std::vector<MapLine> executable;  // by address
  bool truncated = false;
};
Maps parse_maps(std::string_view text);

}  // namespace invar::ebpf
