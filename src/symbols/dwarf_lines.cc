#include "symbols/dwarf_lines.h"

#include <elfutils/libdw.h>

#include <algorithm>
#include <string_view>

#include "symbols/dwarf_frames.h"

namespace invar::symbols {
namespace {

struct EndElf {
  void operator()(Elf* e) const { elf_end(e); }
};
struct EndDwarf {
  void operator()(Dwarf* d) const { dwarf_end(d); }
};

struct Range {
  Dwarf_Addr start, end;
  Dwarf_Off unit;
};

// 0: there is none, or it is in two files.
std::uint64_t debug_bytes(Elf* elf) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return 0;
  std::uint64_t sum = 0;
  bool lines = false;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) return 0;
    const char* text = elf_strptr(elf, names, header.sh_name);
    const std::string_view name = text != nullptr ? text : "";
    if (name == ".gnu_debugaltlink") return 0;
    if (!name.starts_with(".debug_") || header.sh_type == SHT_NOBITS) continue;
    GElf_Chdr packed;
    const bool is_packed = gelf_getchdr(section, &packed) != nullptr;
    sum += is_packed ? packed.ch_size : header.sh_size;
    lines = lines || name == ".debug_line";
  }
  return lines ? sum : 0;
}

// Not every compiler writes .debug_aranges, so the units themselves are asked.
std::vector<Range> ranges_of(Dwarf* dwarf) {
  std::vector<Range> out;
  Dwarf_Off at = 0, next = 0;
  std::size_t head = 0;
  for (; dwarf_nextcu(dwarf, at, &next, &head, nullptr, nullptr, nullptr) == 0; at = next) {
    Dwarf_Die unit;
    if (dwarf_offdie(dwarf, at + head, &unit) == nullptr) continue;
    Dwarf_Addr base = 0, start = 0, end = 0;
    for (ptrdiff_t i = 0; (i = dwarf_ranges(&unit, i, &base, &start, &end)) > 0;) {
      if (out.size() >= DwarfLines::kMaxRanges) return {};
      if (start < end && start != 0) out.push_back({start, end, at + head});
    }
  }
  std::ranges::sort(out, {}, &Range::start);
  return out;
}

}  // namespace

struct DwarfLines::Impl {
  UniqueFd file;
  std::unique_ptr<Elf, EndElf> elf;
  std::unique_ptr<Dwarf, EndDwarf> dwarf;
  std::vector<Range> ranges;
  std::uint64_t bytes = 0;
};

DwarfLines::DwarfLines() : impl_(std::make_unique<Impl>()) {}
DwarfLines::~DwarfLines() = default;

std::unique_ptr<DwarfLines> DwarfLines::open(UniqueFd file) {
  if (!file.valid()) return nullptr;
  elf_version(EV_CURRENT);
  auto lines = std::unique_ptr<DwarfLines>(new DwarfLines);
  Impl& impl = *lines->impl_;
  impl.file = std::move(file);
  impl.elf.reset(elf_begin(impl.file.get(), ELF_C_READ, nullptr));
  if (!impl.elf) return nullptr;
  impl.bytes = debug_bytes(impl.elf.get());
  if (impl.bytes == 0 || impl.bytes > kMaxBytes) return nullptr;
  impl.dwarf.reset(dwarf_begin_elf(impl.elf.get(), DWARF_C_READ, nullptr));
  if (!impl.dwarf) return nullptr;
  impl.ranges = ranges_of(impl.dwarf.get());
  return impl.ranges.empty() ? nullptr : std::move(lines);
}

std::vector<Frame> DwarfLines::frames(std::uint64_t address) const {
  const auto behind = std::ranges::upper_bound(impl_->ranges, address, {}, &Range::start);
  if (behind == impl_->ranges.begin() || address >= std::prev(behind)->end) return {};
  Dwarf_Die unit;
  if (dwarf_offdie(impl_->dwarf.get(), std::prev(behind)->unit, &unit) == nullptr) return {};
  const char* file = nullptr;
  int number = 0;
  if (Dwarf_Line* line = dwarf_getsrc_die(&unit, address)) {
    file = dwarf_linesrc(line, nullptr, nullptr);
    (void)dwarf_lineno(line, &number);
  }
  return dwarf_frames(&unit, address, file, number);
}

std::uint64_t DwarfLines::bytes() const {
  return impl_->bytes;
}

}  // namespace invar::symbols
