#include "ebpf/go_inlines.h"

#include <array>
#include <cstring>

#include "ebpf/symbol_table.h"

namespace invar::ebpf {
namespace {

constexpr std::size_t kMaxData = std::size_t{32} << 20;
constexpr std::size_t kMaxDataSections = 16;

// Words of the module data, of Go 1.20 and newer.
enum Word : std::size_t {
  kHeader = 0,
  kNames = 1,
  kUnits = 4,
  kFirst = 20,
  kEnd = 21,
  kText = 22,
  kFunctionData = 40,
  kWords
};

// The header's address is that of the table, and the names lie behind it: nothing else looks like that.
std::optional<std::uint64_t> in_data(std::string_view bytes, std::uint64_t table) {
  std::array<std::uint64_t, kWords> words;
  for (std::size_t at = 0; at + sizeof words <= bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t first = 0;
    std::memcpy(&first, bytes.data() + at, sizeof first);
    if (first != table) continue;
    std::memcpy(words.data(), bytes.data() + at, sizeof words);
    if (words[kNames] > table && words[kNames] < words[kUnits] && words[kFirst] < words[kEnd] &&
        words[kText] <= words[kFirst] && words[kFunctionData] != 0)
      return words[kFunctionData];
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> find_go_function_data(const ElfFile& elf, std::uint64_t table_address) {
  std::size_t looked = 0;
  for (const Section& section : elf.sections()) {
    const auto wanted = SHF_ALLOC | SHF_WRITE;
    if (section.header.sh_type != SHT_PROGBITS || (section.header.sh_flags & wanted) != wanted) continue;
    if (++looked > kMaxDataSections) break;
    if (const auto found = in_data(elf.contents(section, kMaxData), table_address)) return found;
  }
  if (const auto symbol = lookup_symbol(elf, "go:func.*")) return symbol->st_value;
  return std::nullopt;
}

std::optional<GoTable::InlinedCall> read_inlined_call(const ElfFile& elf, std::uint64_t address) {
  // {what kind, name, the place in the parent, first line}, 32 bits each.
  std::array<std::uint32_t, 4> words;
  for (const Elf64_Phdr& segment : elf.segments()) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t inside = address - segment.p_vaddr;
    if (inside >= segment.p_filesz || segment.p_filesz - inside < sizeof words) continue;
    if (!elf.source().read(segment.p_offset + inside, words.data(), sizeof words)) return std::nullopt;
    return GoTable::InlinedCall{.name = words[1], .parent = words[2]};
  }
  return std::nullopt;
}

}  // namespace invar::ebpf
