// One of probe_links: "kprobe:SYMBOL", "kretprobe:SYMBOL", "uprobe:PATH:SYMBOL", "uretprobe:PATH:SYMBOL". Pure. Spec: ebpf.md 2.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::components::pyroscope_ebpf {

struct ProbeLink {
  bool user = false, at_return = false;
  std::string path;  // of a user probe
  std::string symbol;
};
Result<ProbeLink> parse_probe_link(std::string_view text);

}  // namespace invar::components::pyroscope_ebpf
