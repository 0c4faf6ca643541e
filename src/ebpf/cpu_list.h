// "0-3,8,10-11": the kernel's way to write sets of CPUs. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace invar::ebpf {

std::vector<int> parse_cpu_list(std::string_view text);  // what is not understood is left out

}  // namespace invar::ebpf
