// Which capabilities the profiler needs, and which of them this process lacks. docs/behaviour/ebpf.md 6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace invar::ebpf {

struct Capability {
  std::string_view name;  // "BPF"
  int bit;
  bool required;             // it cannot start without
  std::string_view without;  // what then is missing, of one that is not required
};
const std::vector<Capability>& capabilities();

// Pure: of `effective`, CapEff of /proc/PID/status. SYS_ADMIN stands for BPF, PERFMON and CHECKPOINT_RESTORE, as in the kernel.
bool has_capability(std::uint64_t effective, const Capability& capability);
// "pyroscope.ebpf needs the capabilities BPF and PERFMON (missing: PERFMON); …", "" when none is missing.
std::string missing_sentence(std::uint64_t effective);

std::uint64_t effective_capabilities();  // of this process
inline std::string missing_capabilities() {
  return missing_sentence(effective_capabilities());
}

}  // namespace invar::ebpf
