// SymbolTable: functions of one binary by address. Names as the linker knows them, without "@VERSION".
// Shape:   of aliases the global one before the weak before the local, then the shortest; a symbol without a size reaches to the next.
// Bounds:  kMaxSymbols and kMaxNameBytes of one binary; the rest is left out. Of each kind of symbol table the first is read.
// Threads: building: one owner; then any.  Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ebpf/elf_file.h"

namespace invar::ebpf {

struct Symbol {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::string_view name;
};

// A symbol of any kind by name, data included. Walks .symtab and .dynsym.
std::optional<Elf64_Sym> lookup_symbol(const ElfFile& elf, std::string_view name);

class SymbolTable {
 public:
  static constexpr std::size_t kMaxSymbols = 1 << 21;
  static constexpr std::size_t kMaxNameBytes = std::size_t{64} << 20;

  // Adds what .symtab and .dynsym have.
  void add(const ElfFile& elf);
  void add(std::uint64_t address, std::uint64_t size, std::string_view name, unsigned binding);
  void sort();

  // After sort(). Name "" when nothing covers the address.
  [[nodiscard]] Symbol find(std::uint64_t address) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return entries_.capacity() * sizeof(Entry) + names_.capacity(); }

 private:
  struct Entry {
    std::uint64_t address;
    std::uint32_t size;
    std::uint32_t name;
    std::uint16_t length;
    std::uint8_t rank;  // smaller is better
  };
  void add_section(const ElfFile& elf, const Section& symbols);
  [[nodiscard]] std::string_view name_of(const Entry& entry) const {
    return std::string_view(names_).substr(entry.name, entry.length);
  }

  std::vector<Entry> entries_;
  std::string names_;
};

}  // namespace invar::ebpf
