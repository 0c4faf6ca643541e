// Place: what stands at an address, in names; Module: the file that it is in. Values, shared by all who have met them. Immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace invar::ebpf {

struct NamedLine {
  std::string name, system_name, file;
  std::int64_t line = 0;
};

struct Place {
  std::vector<NamedLine> lines;  // innermost first; empty: it has no name
};
using PlacePtr = std::shared_ptr<const Place>;

struct Module {
  std::uint64_t start = 0, limit = 0, offset = 0;  // of the executable segment, as the file wants it
  std::string path;                                // as the process sees it
  std::string build_id;                            // hex
};
using ModulePtr = std::shared_ptr<const Module>;

struct Frame {
  PlacePtr place;
  ModulePtr module;           // null: in no file, as the frames of interpreters are
  std::uint64_t address = 0;  // in the module's own address space
};

}  // namespace invar::ebpf
