// Files of another process, which may be in a container and hostile: opened as the kernel has them mapped, or below its root without
// ever leaving it.
// Errors:  an empty descriptor. Only regular files are given out. Threads: any; blocks.
// Source:  docs/behaviour/ebpf.md 7.4, 7.6.
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "ebpf/proc_maps.h"

namespace invar::ebpf {

// What is mapped there, also when the file was deleted or replaced. `proc` is "/proc", or what stands for it.
UniqueFd open_mapped(int pid, const MapLine& line);

enum class Links { kInsideRoot, kNone };
// `path` as the process sees it. Symbolic links are followed inside its root, or not at all.
UniqueFd open_in_root(int pid, const std::string& path, Links links);

// Its memory; "" when not all of it can be read.
std::string read_memory(int pid, std::uint64_t address, std::size_t bytes);

// Whether it runs a program of 32 bits, whose stacks are of another form.
bool is_32bit(int pid);
// Its pid in its own namespace; 0: unknown.
int namespace_pid(int pid);

}  // namespace invar::ebpf
