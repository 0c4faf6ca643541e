#include "ebpf/binary.h"

#include <fmt/format.h>

#include <algorithm>

#include "ebpf/debug_files.h"
#include "ebpf/go_inlines.h"
#include "ebpf/process_files.h"

namespace invar::ebpf {
namespace {

#if defined(__aarch64__)
constexpr std::uint16_t kOurMachine = EM_AARCH64;
#else
constexpr std::uint16_t kOurMachine = EM_X86_64;
#endif

Machine machine_of(const ElfFile& elf) {
  return elf.machine() == EM_AARCH64 ? Machine::kAarch64 : Machine::kX86_64;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::uint64_t address_of(const ElfFile& elf, std::string_view name) {
  const Section* section = elf.section(name);
  return section != nullptr ? section->header.sh_addr : 0;
}

const Section* go_section(const ElfFile& elf) {
  const Section* section = elf.section(".gopclntab");
  return section != nullptr ? section
                            : elf.section(".data.rel.ro.gopclntab");  // of position-independent programs
}

// Null: it is no Go program.
std::unique_ptr<GoTable> read_go_table(const ElfFile& elf) {
  const Section* section = go_section(elf);
  if (section == nullptr) return nullptr;
  auto table = GoTable::parse(elf.contents(*section, Binary::kMaxSection), address_of(elf, ".text"));
  return table ? std::make_unique<GoTable>(std::move(*table)) : nullptr;
}

}  // namespace

Result<std::shared_ptr<Binary>> Binary::open(std::unique_ptr<ByteSource> source) {
  INVAR_ASSIGN_OR_RETURN(auto elf, ElfFile::open(std::move(source)));
  if (elf->machine() != kOurMachine) return fail(ErrorCode::kUnsupported, "a program of another machine");
  return std::shared_ptr<Binary>(new Binary(std::move(elf)));
}

Binary::Binary(std::unique_ptr<ElfFile> elf)
    : elf_(std::move(elf)), segments_(elf_->segments()), build_id_(elf_->build_id()) {}

std::optional<std::uint64_t> Binary::load_bias(std::uint64_t start, std::uint64_t offset) const {
  const auto wanted = address_of_offset(segments_, offset);
  if (!wanted) return std::nullopt;
  return start - *wanted;
}

ModulePtr Binary::module(const std::string& path) {
  if (modules_.size() >= kMaxModules) modules_.clear();
  ModulePtr& known = modules_[path];
  if (known) return known;
  auto made = std::make_shared<Module>(Module{.path = path, .build_id = build_id_});
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    made->start = segment.p_vaddr;
    made->limit = segment.p_vaddr + segment.p_memsz;
    made->offset = segment.p_offset;
    break;
  }
  known = std::move(made);
  return known;
}

void Binary::add_frames(const ElfFile& elf, const char* name, TableMaker& maker) {
  const Section* section = elf.section(name);
  if (section == nullptr) return;
  const std::string bytes = elf.contents(*section, kMaxSection);
  if (bytes.empty()) return;
  CfiResult result = read_cfi({.bytes = bytes,
                               .address = section->header.sh_addr,
                               .eh_frame = std::string_view(name) == ".eh_frame",
                               .text = address_of(elf, ".text"),
                               .data = address_of(elf, ".eh_frame_hdr")},
                              machine_of(elf));
  if (result.rows.empty()) return;
  table_.not_understood += result.not_understood;
  maker.add(std::move(result.rows));
  table_.sources += (table_.sources.empty() ? "" : "+") + std::string(name + 1);
}

UnwindTable Binary::make_table(RuleBook& rules, int pid, std::string_view path) {
  TableMaker maker;
  table_.not_understood = 0;
  table_.sources.clear();
  if (const auto go = read_go_table(*elf_)) {
    is_go_ = true;
    maker.add(go->rows(machine_of(*elf_)));
    table_.sources = "gopclntab";
  }
  add_frames(*elf_, ".eh_frame", maker);
  add_frames(*elf_, ".debug_frame", maker);
  if (pid != 0 && !is_go_ && elf_->section(".debug_frame") == nullptr)
    if (const auto debug = open_debug_file(*elf_, pid, path)) add_frames(*debug, ".debug_frame", maker);
  UnwindTable table = maker.make(rules);
  table_.rows = table.rows;
  table_.bytes = table.bytes();
  table_.base = table.base;
  table_.page_bits = table.page_bits;
  table_.pages = table.pages;
  return table;
}

const ElfFile* Binary::file(int pid, const MapLine& line) {
  if (elf_ || pid == 0) return elf_.get();
  auto opened = ElfFile::open(std::make_unique<FileBytes>(open_mapped(pid, line)));
  // By then another file may be mapped there.
  if (opened && (*opened)->build_id() == build_id_ && (*opened)->segments().size() == segments_.size())
    elf_ = std::move(*opened);
  return elf_.get();
}

const SymbolTable& Binary::symbols(int pid, const MapLine& line) {
  if (symbols_) return *symbols_;
  symbols_ = std::make_unique<SymbolTable>();
  if (const ElfFile* elf = file(pid, line)) {
    symbols_->add(*elf);
    add_mini_debug_symbols(*elf, *symbols_);
    if (elf->section_of_type(SHT_SYMTAB) == nullptr)
      if (const auto debug = open_debug_file(*elf, pid, line.path)) symbols_->add(*debug);
    symbols_->sort();
  }
  return *symbols_;
}

void Binary::drop_names() {
  symbols_.reset();
  go_.reset();
  places_.clear();
}

std::vector<NamedLine> Binary::go_lines(std::uint64_t address, int pid, const MapLine& line) {
  const ElfFile* elf = file(pid, line);
  if (!go_ && elf != nullptr) {
    go_ = read_go_table(*elf);
    go_data_ = go_ && go_->has_inlines() ? find_go_function_data(*elf, go_section(*elf)->header.sh_addr)
                                         : std::nullopt;
  }
  if (!go_) return {};
  const auto read = [&](std::uint64_t offset) {
    return go_data_ && elf != nullptr ? read_inlined_call(*elf, *go_data_ + offset) : std::nullopt;
  };
  std::vector<NamedLine> lines;
  for (const GoTable::Function& function : go_->find_all(address, read))
    if (!function.name.empty())
      lines.push_back({.name = std::string(function.name),
                       .system_name = std::string(function.name),
                       .file = std::string(function.file),
                       .line = function.line});
  return lines;
}

PlacePtr Binary::place(std::uint64_t address, const Naming& naming, int pid, const MapLine& line,
                       LineTables& tables) {
  if (const auto found = places_.find(address); found != places_.end()) return found->second;
  if (places_.size() >= kMaxPlaces) places_.clear();
  auto place = std::make_shared<Place>();
  if (naming.go && is_go_) {
    place->lines = go_lines(address, pid, line);
    if (!place->lines.empty()) return places_[address] = std::move(place);
  }
  if (const ElfFile* elf = naming.lines && naming.native ? file(pid, line) : nullptr)
    place->lines = tables.at(*elf, pid, line.path, address);
  for (NamedLine& one : place->lines) one.name = demangled(one.system_name, naming.demangling);
  if (!place->lines.empty()) return places_[address] = std::move(place);
  const Symbol symbol = naming.native ? symbols(pid, line).find(address) : Symbol{};
  if (!symbol.name.empty())
    place->lines.push_back(
        {.name = demangled(symbol.name, naming.demangling), .system_name = std::string(symbol.name)});
  else if (naming.stubs)
    place->lines.push_back({.name = fmt::format("$ {} + {:#x}", base_name(line.path), address)});
  return places_[address] = std::move(place);
}

}  // namespace invar::ebpf
