#include "ebpf/binary.h"
#include "ebpf/debug_files.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  auto elf = invar::ebpf::ElfFile::open(std::make_unique<invar::ebpf::MemoryBytes>(input));
  if (elf) {
    invar::ebpf::SymbolTable symbols;
    symbols.add(**elf);
    invar::ebpf::add_mini_debug_symbols(**elf, symbols);
    symbols.sort();
    (void)symbols.find(0x1000);
    (void)invar::ebpf::lookup_symbol(**elf, "_PyRuntime");
  }
  auto binary = invar::ebpf::Binary::open(std::make_unique<invar::ebpf::MemoryBytes>(input));
  if (binary) {
    invar::ebpf::RuleBook rules;
    (void)(*binary)->make_table(rules);
    (void)(*binary)->load_bias(0x400000, 0x1000);
  }
  return 0;
}
