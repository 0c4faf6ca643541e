#include "ebpf/kernel_symbols.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::ebpf {

KernelSymbols::KernelSymbols(std::string_view kallsyms) {
  while (!kallsyms.empty()) {
    const std::size_t end = std::min(kallsyms.find('\n'), kallsyms.size());
    const std::string_view line = kallsyms.substr(0, end);  // "ffffffff81000000 T startup_64\t[module]"
    kallsyms.remove_prefix(std::min(end + 1, kallsyms.size()));
    if (line.size() < 20 || line[16] != ' ' || line[18] != ' ') continue;
    const char type = line[17];
    if (type != 'T' && type != 't' && type != 'W' && type != 'w') continue;
    const auto address = parse_uint(line.substr(0, 16), 16);
    if (!address || *address == 0) continue;
    const std::string_view name = line.substr(19);
    table_.add(*address, 0, name.substr(0, name.find('\t')),
               type == 'T'   ? STB_GLOBAL
               : type == 't' ? STB_LOCAL
                             : STB_WEAK);
  }
  table_.sort();
}

}  // namespace invar::ebpf
