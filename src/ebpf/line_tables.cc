#include "ebpf/line_tables.h"

#include <fcntl.h>

#include <algorithm>

#include "ebpf/debug_files.h"

namespace invar::ebpf {
namespace {

using symbols::DwarfLines;

std::unique_ptr<DwarfLines> open_lines(const ElfFile& elf) {
  if (elf.section(".debug_line") == nullptr || elf.source().descriptor() < 0) return nullptr;
  return DwarfLines::open(UniqueFd(fcntl(elf.source().descriptor(), F_DUPFD_CLOEXEC, 0)));
}

}  // namespace

const DwarfLines* LineTables::lines_of(const ElfFile& elf, int pid, const std::string& path) {
  const auto known = std::ranges::find(open_, &elf, &Open::elf);
  if (known != open_.end()) return known->lines.get();
  auto lines = open_lines(elf);
  if (!lines)
    if (const auto debug = open_debug_file(elf, pid, path)) lines = open_lines(*debug);
  open_.push_back({&elf, std::move(lines)});
  std::uint64_t bytes = 0;
  for (const Open& one : open_) bytes += one.lines ? one.lines->bytes() : 0;
  while (open_.size() > kMaxOpen || (bytes > DwarfLines::kMaxBytes && open_.size() > 1)) {
    bytes -= open_.front().lines ? open_.front().lines->bytes() : 0;
    open_.pop_front();
  }
  return open_.back().lines.get();
}

std::vector<NamedLine> LineTables::at(const ElfFile& elf, int pid, const std::string& path,
                                      std::uint64_t address) {
  std::vector<NamedLine> out;
  const DwarfLines* lines = lines_of(elf, pid, path);
  if (lines == nullptr) return out;
  for (symbols::Frame& frame : lines->frames(address)) {
    if (frame.system_name.empty()) return {};
    out.push_back({.name = frame.system_name,
                   .system_name = frame.system_name,
                   .file = std::move(frame.file),
                   .line = frame.line});
  }
  return out;
}

}  // namespace invar::ebpf
