#include "ebpf/kernel_check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "base/proc_file.h"
#include "base/strings.h"
#include "ebpf/privileges.h"
#include "ebpf/programs.h"

namespace invar::ebpf {
namespace {

constexpr const char* kBtf = "/sys/kernel/btf/vmlinux";
constexpr std::string_view kHostPids = "pid:[4026531836]";  // PROC_PID_INIT_INO, the same in every kernel

using Version = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

std::optional<Version> version_in(std::string_view text) {
  std::array<std::uint64_t, 3> parts{};
  for (std::uint64_t& part : parts) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = parse_uint(text.substr(0, digits));
    if (!number) return std::nullopt;
    part = *number;
    text.remove_prefix(digits);
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return Version{parts[0], parts[1], parts[2]};
}

utsname this_kernel() {
  utsname names{};
  (void)uname(&names);
  return names;
}

}  // namespace

std::string kernel_hazard(std::string_view release, std::string_view version) {
  constexpr std::string_view kDebian = "Debian ";
  auto parsed = version_in(release);
  if (const std::size_t at = version.find(kDebian); at != std::string_view::npos)
    if (const auto real = version_in(version.substr(at + kDebian.size()))) parsed = real;
  if (!parsed) return {};
  const auto [major, minor, patch] = *parsed;
  const bool frozen =
      (major == 5 && minor == 19) ||
      (major == 6 && (minor == 0 || minor == 2 || (minor == 1 && patch < 36) || (minor == 3 && patch < 10)));
  if (!frozen) return {};
  return fmt::format(
      "kernel {} may freeze when a profiler reads user memory (fixed in 6.1.36, 6.3.10, 6.4); set "
      "no_kernel_version_check = true if yours carries the fix",
      release);
}

std::string running_kernel_hazard() {
  const utsname kernel = this_kernel();
  return kernel_hazard(kernel.release, kernel.version);
}

std::string kernel_lack(const KernelFeatures& kernel) {
  if (!kernel.loops)
    return fmt::format("kernel {} lacks bpf_loop; 5.17 or newer with BTF is needed", kernel.release);
  if (!kernel.btf)
    return fmt::format("{} is missing: the kernel was built without CONFIG_DEBUG_INFO_BTF", kBtf);
  if (!kernel.host_processes)
    return "pyroscope.ebpf needs the PID namespace of the host, in which the kernel names processes; start "
           "the "
           "container with --pid=host, in Kubernetes with hostPID: true";
  return {};
}

KernelFeatures running_kernel() {
  std::array<char, 64> space{};
  const ssize_t length = readlink("/proc/self/ns/pid", space.data(), space.size());
  return {.release = this_kernel().release,
          .loops = libbpf_probe_bpf_helper(BPF_PROG_TYPE_PERF_EVENT, BPF_FUNC_loop, nullptr) != 0,
          .btf = access(kBtf, R_OK) == 0,
          .host_processes =
              length <= 0 || std::string_view(space.data(), static_cast<std::size_t>(length)) == kHostPids};
}

std::vector<ProbeLine> probe_machine() {
  std::vector<ProbeLine> out;
  const KernelFeatures kernel = running_kernel();
  const std::string hazard = running_kernel_hazard();
  out.push_back({"kernel", hazard.empty(), true, hazard.empty() ? kernel.release : hazard});
  out.push_back({"programs of this build", !embedded_programs().empty(), true,
                 embedded_programs().empty() ? "none: clang was missing when it was made"
                                             : human_bytes(embedded_programs().size())});
  const std::uint64_t effective = effective_capabilities();
  for (const Capability& capability : capabilities()) {
    const bool has = has_capability(effective, capability);
    out.push_back({fmt::format("capability {}", capability.name), has, capability.required,
                   has ? "" : std::string(capability.required ? "it cannot start" : capability.without)});
  }
  const auto feature = [&out](const char* name, bool has, KernelFeatures lacking) {
    out.push_back({name, has, true, has ? "" : kernel_lack(lacking)});
  };
  feature("bpf_loop", kernel.loops, {.release = kernel.release, .loops = false});
  feature("BTF", kernel.btf, {.release = kernel.release, .btf = false});
  feature("PID namespace of the host", kernel.host_processes,
          {.release = kernel.release, .host_processes = false});
  const bool names = read_proc_file("/proc/sys/kernel/kptr_restrict") != "2\n";
  out.push_back({"names of the kernel", names, false, names ? "" : "kernel.kptr_restrict = 2 hides them"});
  auto loaded = Programs::load({.any_kernel = true});
  const std::string detail =
      loaded ? fmt::format("maps of {}", human_bytes((*loaded)->map_bytes())) : loaded.error().message;
  out.push_back({"loading and attaching", loaded.has_value(), true, detail});
  loaded = Programs::load({.off_cpu_threshold = 1, .any_kernel = true});
  out.push_back({"off-CPU", loaded.has_value(), false, loaded ? "" : loaded.error().message});
  return out;
}

}  // namespace invar::ebpf
