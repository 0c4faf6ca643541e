// Call frame information (.eh_frame, .debug_frame) to rows: from which address on which rule leads to the caller.
// Shape:   rows come by function, in the order of the section, each function closed by a row without a rule.
// Bounds:  kMaxRows rows; a program that remembers states deeper than kMaxDepth is given up.
// Errors:  none: what is damaged or not understood becomes "no rule", and is counted.
// Threads: any; pure.
// Source:  docs/behaviour/ebpf.md 7.4; DWARF 5, 6.4; LSB, .eh_frame.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ebpf/bpf/layout.h"

namespace invar::ebpf {

struct UnwindRow {
  std::uint64_t address = 0;
  bpf::rule rule{};
  bool function_end = false;  // nothing is known from here on
};

struct CfiSection {
  std::string_view bytes;
  std::uint64_t address = 0;         // where the file wants it
  bool eh_frame = true;              // else .debug_frame
  std::uint64_t text = 0, data = 0;  // bases of such pointers
};

struct CfiResult {
  std::vector<UnwindRow> rows;
  std::uint64_t functions = 0;
  std::uint64_t not_understood = 0;  // rows without a rule although there was a program
  bool truncated = false;
};

enum class Machine { kX86_64, kAarch64 };

inline constexpr std::size_t kMaxRows = 2u << 20;
CfiResult read_cfi(const CfiSection& section, Machine machine);

}  // namespace invar::ebpf
