// Binary: one executable file, shared by every process that maps it: its unwind table and its names.
// Bounds:  sections up to kMaxSection bytes; kMaxPlaces names are kept, and made again when they are needed after that.
// Threads: one at a time.  Source: docs/behaviour/ebpf.md 7.4, 7.6.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ebpf/demangle.h"
#include "ebpf/elf_file.h"
#include "ebpf/go_table.h"
#include "ebpf/line_tables.h"
#include "ebpf/place.h"
#include "ebpf/proc_maps.h"
#include "ebpf/symbol_table.h"
#include "ebpf/unwind_table.h"

namespace invar::ebpf {

struct Naming {
  Demangling demangling = Demangling::kNone;
  bool native = true;  // by symbols; false: addresses alone
  bool go = true;      // names and lines by Go's own tables
  bool python = true;
  bool lines = false;  // files, lines and inlined functions of native code, by its debug information
  bool stubs = false;  // "$ <file> + 0x<address>" for what has no name
  bool operator==(const Naming&) const = default;
};

class Binary {
 public:
  static constexpr std::size_t kMaxSection = std::size_t{64} << 20;
  static constexpr std::size_t kMaxPlaces = 1 << 15;
  static constexpr std::size_t kMaxModules = 1 << 10;  // paths that it is known by

  // Errors: it is no ELF file of this machine.
  static Result<std::shared_ptr<Binary>> open(std::unique_ptr<ByteSource> source);

  [[nodiscard]] const std::string& build_id() const { return build_id_; }
  // Opened again when it was closed, as `pid` has it mapped. Null: it cannot be.
  const ElfFile* file(int pid, const MapLine& line);
  [[nodiscard]] bool is_open() const { return elf_ != nullptr; }
  void close() { elf_.reset(); }
  // What is added to the file's addresses where the mapping of `offset` starts at `start`.
  [[nodiscard]] std::optional<std::uint64_t> load_bias(std::uint64_t start, std::uint64_t offset) const;
  ModulePtr module(const std::string& path);

  // Reads the unwind information; the words are given out once, for the kernel. What is kept: table_facts().
  // `pid` and `path`: a process that maps it, and as what, for its debug file.
  UnwindTable make_table(RuleBook& rules, int pid = 0, std::string_view path = {});
  struct TableFacts {
    std::string
        sources;  // "gopclntab", "eh_frame", "debug_frame", joined by "+"; "": none, frame pointers alone
    std::uint64_t rows = 0, bytes = 0, not_understood = 0;
    std::uint64_t base = 0;
    std::uint16_t page_bits = 0;
    std::uint32_t pages = 0;
    std::uint16_t slot = 0;  // in the kernel; 0: none
  };
  TableFacts& table() { return table_; }
  [[nodiscard]] const TableFacts& table() const { return table_; }

  // Null: place() has not been asked, or has forgotten.
  [[nodiscard]] PlacePtr known_place(std::uint64_t address) const {
    const auto found = places_.find(address);
    return found == places_.end() ? nullptr : found->second;
  }
  // Names of an address of the file. `pid` is a process that maps it, for its debug file.
  PlacePtr place(std::uint64_t address, const Naming& naming, int pid, const MapLine& line,
                 LineTables& tables);
  const SymbolTable& symbols(int pid, const MapLine& line);
  [[nodiscard]] std::size_t name_bytes() const {
    return (symbols_ ? symbols_->bytes() : 0) + (go_ ? go_->bytes() : 0);
  }
  void drop_names();  // to be made again when needed

  std::uint64_t last_used = 0;  // interval

 private:
  explicit Binary(std::unique_ptr<ElfFile> elf);
  void add_frames(const ElfFile& elf, const char* section, TableMaker& maker);
  std::vector<NamedLine> go_lines(std::uint64_t address, int pid, const MapLine& line);

  std::unique_ptr<ElfFile> elf_;
  std::vector<Elf64_Phdr> segments_;
  std::string build_id_;
  TableFacts table_;
  std::unique_ptr<SymbolTable> symbols_;
  bool is_go_ = false;
  std::unique_ptr<GoTable> go_;  // while its names are in use
  std::optional<std::uint64_t> go_data_;
  std::map<std::string, ModulePtr> modules_;
  std::unordered_map<std::uint64_t, PlacePtr> places_;
};
using BinaryPtr = std::shared_ptr<Binary>;

}  // namespace invar::ebpf
