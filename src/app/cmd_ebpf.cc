#include <fmt/format.h>

#include "app/commands.h"
#include "base/shown_text.h"
#include "ebpf/kernel_check.h"

namespace invar::app {

int probe_ebpf() {
  bool runs = true;
  for (const ebpf::ProbeLine& line : ebpf::probe_machine()) {
    const char* state = line.works ? "yes" : line.required ? "NO" : "no";
    fmt::print("{:<32}{:<5}{}\n", line.name, state, shown_text(line.detail));
    runs = runs && (line.works || !line.required);
  }
  fmt::print("\npyroscope.ebpf {} here\n", runs ? "runs" : "does not run");
  return runs ? 0 : 1;
}

}  // namespace invar::app
