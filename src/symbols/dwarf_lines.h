// DwarfLines: functions, files and lines of one ELF file with debug information, by address, inlined functions included (libdw).
// Reads:   the file by read(), never mapped: it may be cut meanwhile. Nothing else: a file that refers to another one (as `dwz -m`
//          makes) has none for us.
// Bounds:  kMaxBytes of debug information, kMaxRanges ranges of units.
// Threads: one at a time; opening and a first lookup in a unit take up to some 100 ms: worker pool only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "symbols/symbolizer.h"

namespace invar::symbols {

class DwarfLines {
 public:
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
  static constexpr std::size_t kMaxRanges = 1 << 20;

  // Null: it has none, or too much.
  static std::unique_ptr<DwarfLines> open(UniqueFd file);
  ~DwarfLines();

  // Innermost first, of an address as the file wants it; empty when nothing is known of it.
  [[nodiscard]] std::vector<Frame> frames(std::uint64_t address) const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  DwarfLines();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::symbols
