// KernelSymbols: functions of the kernel and its modules, from the text of /proc/kallsyms. Threads: one owner.
// Shape:  names of the text section alone; without them (kernel.kptr_restrict) every address is 0 and hidden() is true.
// Source: docs/behaviour/ebpf.md 7.6.
#pragma once

#include <string_view>

#include "ebpf/symbol_table.h"

namespace invar::ebpf {

class KernelSymbols {
 public:
  explicit KernelSymbols(std::string_view kallsyms);
  [[nodiscard]] Symbol find(std::uint64_t address) const { return table_.find(address); }
  [[nodiscard]] bool hidden() const { return table_.size() == 0; }
  [[nodiscard]] const SymbolTable& table() const { return table_; }

 private:
  SymbolTable table_;
};

}  // namespace invar::ebpf
