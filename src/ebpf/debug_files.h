// Where the names of a stripped binary are: its mini debug info (.gnu_debugdata, an xz-packed ELF file inside it), and a debug file
// below the root of a process that maps it, by build id or by debug link, checked by build id or CRC.
// Bounds:  unpacking stops at kMaxUnpacked bytes; links of a container lead nowhere outside it.
// Threads: any; blocks.  Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ebpf/elf_file.h"
#include "ebpf/symbol_table.h"

namespace invar::ebpf {

inline constexpr std::size_t kMaxUnpacked = std::size_t{64} << 20;

Result<std::string> unpack_xz(std::string_view packed, std::size_t limit);
void add_mini_debug_symbols(const ElfFile& elf, SymbolTable& symbols);
// Null when there is none, or it belongs to another binary. `path`: of the binary, as the process sees it; "" for none.
std::unique_ptr<ElfFile> open_debug_file(const ElfFile& elf, int pid, std::string_view path = {});

}  // namespace invar::ebpf
