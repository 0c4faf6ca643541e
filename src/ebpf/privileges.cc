#include "ebpf/privileges.h"

#include <fmt/format.h>

#include "base/proc_file.h"
#include "base/strings.h"

namespace invar::ebpf {
namespace {

constexpr int kSysAdmin = 21;

}  // namespace

const std::vector<Capability>& capabilities() {
  static const std::vector<Capability> all = {
      {"BPF", 39, true, ""},
      {"PERFMON", 38, true, ""},
      {"SYS_PTRACE", 19, false,
       "the programs of other users have no names: their maps and files cannot be read"},
      {"CHECKPOINT_RESTORE", 40, false,
       "deleted and replaced files have no names, files of containers are looked up by path"},
      {"SYSLOG", 34, false, "kernel frames have no names where kernel.kptr_restrict hides them"},
      {"DAC_READ_SEARCH", 2, false, "programs that only other users may read have no names"},
  };
  return all;
}

bool has_capability(std::uint64_t effective, const Capability& capability) {
  const auto has = [effective](int bit) { return (effective >> bit & 1) != 0; };
  const bool by_admin = capability.name == "BPF" || capability.name == "PERFMON" ||
                        capability.name == "CHECKPOINT_RESTORE" || capability.name == "SYSLOG";
  return has(capability.bit) || (by_admin && has(kSysAdmin));
}

std::string missing_sentence(std::uint64_t effective) {
  std::vector<std::string> missing;
  for (const Capability& capability : capabilities())
    if (capability.required && !has_capability(effective, capability)) missing.emplace_back(capability.name);
  if (missing.empty()) return {};
  return fmt::format(
      "pyroscope.ebpf needs the capabilities BPF and PERFMON (missing: {}); run as root, or add them to the "
      "container",
      join(missing, ", "));
}

std::uint64_t effective_capabilities() {
  const std::string text = read_proc_file("/proc/self/status");
  constexpr std::string_view kName = "CapEff:\t";
  const std::size_t at = text.find(kName);
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(text).substr(at + kName.size());
  return parse_uint(rest.substr(0, rest.find('\n')), 16).value_or(0);
}

}  // namespace invar::ebpf
