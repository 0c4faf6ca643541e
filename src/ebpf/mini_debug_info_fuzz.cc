// An xz file, and what is in it as a binary's mini debug info.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ebpf/debug_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto unpacked = invar::ebpf::unpack_xz({reinterpret_cast<const char*>(data), size}, 1 << 20);
  if (!unpacked) return 0;
  const auto elf =
      invar::ebpf::ElfFile::open(std::make_unique<invar::ebpf::MemoryBytes>(std::move(*unpacked)));
  if (!elf) return 0;
  invar::ebpf::SymbolTable symbols;
  symbols.add(**elf);
  symbols.sort();
  (void)symbols.find(0x1000);
  return 0;
}
