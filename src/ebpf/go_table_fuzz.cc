#include "ebpf/go_table.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto table = invar::ebpf::GoTable::parse(input, 0x401000);
  if (!table) return 0;
  (void)table->rows(invar::ebpf::Machine::kX86_64);
  (void)table->rows(invar::ebpf::Machine::kAarch64);
  for (const std::uint64_t address : {0x401000u, 0x401010u, 0x40ffffu}) {
    (void)table->find(address);
    std::uint32_t calls = 0;
    (void)table->find_all(address, [&](std::uint64_t offset) {
      return std::optional(
          invar::ebpf::GoTable::InlinedCall{.name = static_cast<std::uint32_t>(offset), .parent = ++calls});
    });
  }
  return 0;
}
