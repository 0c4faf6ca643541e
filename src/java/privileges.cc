#include "java/privileges.h"

#include <linux/capability.h>

#include <array>
#include <utility>

#include "base/proc_file.h"
#include "base/strings.h"

namespace invar::java {

std::vector<std::string> missing_privileges(std::uint64_t effective_capabilities) {
  constexpr std::array<std::pair<const char*, unsigned>, 5> kNeeded = {
      {{"SYS_PTRACE", CAP_SYS_PTRACE},
       {"DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
       {"KILL", CAP_KILL},
       {"SETUID", CAP_SETUID},
       {"SETGID", CAP_SETGID}}};
  std::vector<std::string> missing;
  for (const auto& [name, bit] : kNeeded)
    if ((effective_capabilities >> bit & 1) == 0) missing.emplace_back(name);
  return missing;
}

std::vector<std::string> missing_privileges() {
  constexpr std::string_view kName = "\nCapEff:\t";
  const std::string status = read_proc_file("/proc/self/status");
  const std::size_t at = status.find(kName);
  if (at == std::string::npos) return missing_privileges(0);
  return missing_privileges(
      parse_uint(std::string_view(status).substr(at + kName.size(), 16), 16).value_or(0));
}

}  // namespace invar::java
