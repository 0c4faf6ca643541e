// Where a Go program (1.20 and newer) keeps what it knows of its functions beside .gopclntab: the trees of inlined calls. Their place
// is in the module data, which stripped programs have, too; a symbol tells it where that is filled in only at the start.
// Errors:  nullopt, of programs that do not tell. Threads: any; blocks. Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <cstdint>
#include <optional>

#include "ebpf/elf_file.h"
#include "ebpf/go_table.h"

namespace invar::ebpf {

// The address of the functions' data ("go:func.*").
std::optional<std::uint64_t> find_go_function_data(const ElfFile& elf, std::uint64_t table_address);
// One call of a tree; `address` as the file wants it.
std::optional<GoTable::InlinedCall> read_inlined_call(const ElfFile& elf, std::uint64_t address);

}  // namespace invar::ebpf
