#include "ebpf/cfi.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  for (const auto machine : {invar::ebpf::Machine::kX86_64, invar::ebpf::Machine::kAarch64})
    for (const bool eh : {true, false})
      (void)invar::ebpf::read_cfi({.bytes = input, .address = 0x1000, .eh_frame = eh}, machine);
  return 0;
}
