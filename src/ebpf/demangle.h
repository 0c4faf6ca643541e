// Function names as people want them: C++ (Itanium) and Rust (legacy and v0) names in four degrees. What is not mangled stays as it is.
// Bounds:  names above kMaxMangled bytes stay as they are; results above kMaxName are cut, and not made any further; the library bounds its
//          depth.
// Threads: any; pure.  Source: docs/behaviour/ebpf.md 4.5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar::ebpf {

enum class Demangling : std::uint8_t {
  kNone,        // as the linker knows them
  kSimplified,  // without parameters and template arguments
  kTemplates,   // without parameters
  kFull,
};

inline constexpr std::size_t kMaxMangled = 8192;
inline constexpr std::size_t kMaxName = 4096;
std::string demangled(std::string_view symbol, Demangling how);

}  // namespace invar::ebpf
