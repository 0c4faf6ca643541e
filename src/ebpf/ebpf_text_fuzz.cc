#include "ebpf/kernel_symbols.h"
#include "ebpf/perf_map.h"
#include "ebpf/proc_maps.h"
#include "ebpf/python_layout.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  (void)invar::ebpf::parse_maps(input);
  invar::ebpf::PerfMap map;
  map.add(input);
  (void)map.find(0x1000);
  (void)invar::ebpf::KernelSymbols(input).find(~0ull);
  for (const int minor : {9, 10, 12}) (void)invar::ebpf::python_line(input, minor, 1, 64);
  return 0;
}
