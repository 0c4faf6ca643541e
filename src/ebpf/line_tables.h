// LineTables: the debug information of a few binaries at a time, open while the stacks of an interval are named.
// Bounds:  kMaxOpen files and DwarfLines::kMaxBytes in all; what was used first is closed first.
// Threads: one owner; blocks.  Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "ebpf/elf_file.h"
#include "ebpf/place.h"
#include "symbols/dwarf_lines.h"

namespace invar::ebpf {

class LineTables {
 public:
  static constexpr std::size_t kMaxOpen = 16;

  // Innermost first, with names as the linker knows them; empty without debug information in the file or in its debug file. `elf` is
  // the binary as `pid` has it at `path`.
  std::vector<NamedLine> at(const ElfFile& elf, int pid, const std::string& path, std::uint64_t address);
  void clear() { open_.clear(); }

 private:
  struct Open {
    const ElfFile* elf;
    std::unique_ptr<symbols::DwarfLines> lines;  // null: it has none
  };
  const symbols::DwarfLines* lines_of(const ElfFile& elf, int pid, const std::string& path);

  std::deque<Open> open_;
};

}  // namespace invar::ebpf
