// PerfMap: names of code that a process made at run time, from the text "START SIZE NAME" that it writes for profilers
// (/tmp/perf-PID.map). Threads: one owner.
// Bounds: kMaxBytes of the file and kMaxEntries, later lines are left out; what overlaps an earlier line replaces it. Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace invar::ebpf {

class PerfMap {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
  static constexpr std::size_t kMaxName = 1024;
  static constexpr std::size_t kMaxEntries = 1 << 17;

  // Further lines of the file, whole ones; a line that is none is skipped.
  void add(std::string_view text);
  [[nodiscard]] std::string_view find(std::uint64_t address) const;  // "" when it is in none
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t end;
    std::string name;
  };
  std::map<std::uint64_t, Entry> entries_;  // by start, without overlaps
};

}  // namespace invar::ebpf
