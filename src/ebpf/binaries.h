// Binaries: every executable file that was met, each once by its build id (or by device, inode, size and time), and their tables in
// the kernel.
// Bounds:  kMaxOpen files are kept open, those unused longest closed. kMaxTables tables of `table_bytes` in all: a new one takes the
//          place of those whose code was sampled longest ago, and not in the last kIdleIntervals; without such the new one is refused, and its code
//          is unwound by frame pointers. Names up to `name_bytes`, likewise.
// Threads: one at a time; blocks.  Source: docs/behaviour/ebpf.md 7.4.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "ebpf/binary.h"
#include "ebpf/proc_maps.h"
#include "ebpf/programs.h"

namespace invar::ebpf {

class Binaries {
 public:
  static constexpr std::size_t kMaxOpen = 256;
  static constexpr std::uint64_t kIdleIntervals = 2;
  struct Limits {
    std::uint64_t table_bytes = std::uint64_t{256} << 20;
    std::uint64_t name_bytes = std::uint64_t{64} << 20;
    bool operator==(const Limits&) const = default;
  };

  Binaries(Programs& programs, Limits limits) : programs_(programs), limits_(limits) {}

  // The file behind a mapping, opened and with its table in the kernel. Null: it cannot be read, or is no program.
  BinaryPtr of(int pid, const MapLine& line);
  // At the end of an interval: forgets what nobody maps, and names over the limit.
  void tidy(std::uint64_t interval);
  // Of a binary that was sampled and has lost its table, or never got one: true when it has one now; whoever maps it is to be published.
  bool bring_back(Binary& binary, int pid, const MapLine& line);
  void drop_names();  // they are made again as they shall be then

  [[nodiscard]] const std::vector<BinaryPtr>& all() const { return all_; }
  [[nodiscard]] std::uint64_t table_bytes() const { return table_bytes_; }
  [[nodiscard]] std::uint64_t name_bytes() const;
  [[nodiscard]] std::uint64_t refused_tables() const { return refused_; }
  [[nodiscard]] std::uint64_t evicted_tables() const { return evicted_; }
  [[nodiscard]] const RuleBook& rules() const { return rules_; }

 private:
  using FileKey =
      std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t>;  // device, inode, size, mtime

  BinaryPtr of_file(int pid, const MapLine& line);
  BinaryPtr of_vdso(int pid, const MapLine& line);
  BinaryPtr adopt(std::unique_ptr<ByteSource> source, int pid, const MapLine& line);
  bool put_table(Binary& binary, int pid, const MapLine& line);
  bool make_room(std::uint64_t bytes);
  void take_out(Binary& binary);
  void close_some();

  Programs& programs_;
  const Limits limits_;
  RuleBook rules_;
  std::size_t rules_written_ = 0;
  std::vector<BinaryPtr> all_;
  std::map<FileKey, std::weak_ptr<Binary>> by_file_;
  std::unordered_map<std::string, std::weak_ptr<Binary>> by_build_id_;
  BinaryPtr vdso_;
  std::vector<std::uint16_t> free_slots_;
  std::uint16_t next_slot_ = 1;
  std::uint64_t table_bytes_ = 0;
  std::uint64_t refused_ = 0, evicted_ = 0;
  std::uint64_t interval_ = 0;
};

}  // namespace invar::ebpf
