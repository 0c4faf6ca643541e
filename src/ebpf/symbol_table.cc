#include "ebpf/symbol_table.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

namespace invar::ebpf {
namespace {

constexpr std::size_t kMaxSymbolName = 4096;

std::uint8_t rank_of(unsigned binding) {
  return binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2;
}

}  // namespace

// One of each kind: a linker makes no more, and whoever crafts a file with thousands of them has no more read.
void SymbolTable::add(const ElfFile& elf) {
  for (const std::uint32_t type : {SHT_SYMTAB, SHT_DYNSYM})
    if (const Section* section = elf.section_of_type(type)) add_section(elf, *section);
}

void SymbolTable::add_section(const ElfFile& elf, const Section& section) {
  if (section.header.sh_link >= elf.sections().size() || section.header.sh_entsize != sizeof(Elf64_Sym))
    return;
  const std::string symbols = elf.contents(section, kMaxSymbols * sizeof(Elf64_Sym));
  const std::string names = elf.contents(elf.sections()[section.header.sh_link], kMaxNameBytes);
  entries_.reserve(entries_.size() + symbols.size() / sizeof(Elf64_Sym));
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, symbols.data() + at, sizeof symbol);
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0 || symbol.st_name >= names.size()) continue;
    if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) continue;
    // Marks of the assembler ($x, .L…), and addresses that are no code.
    std::string_view name(names.data() + symbol.st_name);
    if (type == STT_NOTYPE && (name.starts_with('$') || name.starts_with('.') || symbol.st_shndx == SHN_ABS))
      continue;
    add(symbol.st_value, symbol.st_size, name, ELF64_ST_BIND(symbol.st_info));
  }
}

void SymbolTable::add(std::uint64_t address, std::uint64_t size, std::string_view name, unsigned binding) {
  if (const std::size_t version = name.find('@'); version != std::string_view::npos && version > 0)
    name = name.substr(0, version);
  if (name.empty() || name.size() > kMaxSymbolName || entries_.size() >= kMaxSymbols ||
      names_.size() + name.size() > kMaxNameBytes)
    return;
  entries_.push_back({.address = address,
                      .size = static_cast<std::uint32_t>(
                          std::min<std::uint64_t>(size, std::numeric_limits<std::uint32_t>::max())),
                      .name = static_cast<std::uint32_t>(names_.size()),
                      .length = static_cast<std::uint16_t>(name.size()),
                      .rank = rank_of(binding)});
  names_ += name;
}

void SymbolTable::sort() {
  std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) {
    if (a.address != b.address) return a.address < b.address;
    return std::tuple(a.size == 0, a.rank, a.length, name_of(a)) <
           std::tuple(b.size == 0, b.rank, b.length, name_of(b));
  });
  const auto same_address = [](const Entry& a, const Entry& b) { return a.address == b.address; };
  const auto [first, last] = std::ranges::unique(entries_, same_address);
  entries_.erase(first, last);
  entries_.shrink_to_fit();
}

Symbol SymbolTable::find(std::uint64_t address) const {
  auto at = std::ranges::upper_bound(entries_, address, {}, &Entry::address);
  // A few steps back: a function may have symbols inside it, such as local labels.
  for (int steps = 0; at != entries_.begin() && steps < 8; ++steps) {
    --at;
    const bool covers = at->size == 0 || address - at->address < at->size;
    if (covers) return {.address = at->address, .size = at->size, .name = name_of(*at)};
  }
  return {};
}

std::optional<Elf64_Sym> lookup_symbol(const ElfFile& elf, std::string_view name) {
  for (const std::uint32_t type : {SHT_SYMTAB, SHT_DYNSYM}) {
    const Section* section = elf.section_of_type(type);
    if (section == nullptr || section->header.sh_link >= elf.sections().size() ||
        section->header.sh_entsize != sizeof(Elf64_Sym))
      continue;
    const std::string symbols = elf.contents(*section, SymbolTable::kMaxSymbols * sizeof(Elf64_Sym));
    const std::string names =
        elf.contents(elf.sections()[section->header.sh_link], SymbolTable::kMaxNameBytes);
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, symbols.data() + at, sizeof symbol);
      if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < names.size() &&
          names.data() + symbol.st_name == name)
        return symbol;
    }
  }
  return std::nullopt;
}

}  // namespace invar::ebpf
