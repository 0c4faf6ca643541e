#include "ebpf/demangle.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using invar::ebpf::Demangling;
  const std::string_view symbol(reinterpret_cast<const char*>(data), size);
  for (const auto how : {Demangling::kSimplified, Demangling::kTemplates, Demangling::kFull})
    if (invar::ebpf::demangled(symbol, how).size() > invar::ebpf::kMaxName) std::abort();
  return 0;
}
