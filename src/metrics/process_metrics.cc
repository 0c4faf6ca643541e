#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>

#include "base/build_info.h"
#include "base/proc_file.h"
#include "base/strings.h"
#include "metrics/metrics.h"
#include "metrics/proc.h"

namespace invar::metrics {
namespace {

std::optional<double> count_open_fds() {
  DIR* dir = ::opendir("/proc/self/fd");
  if (dir == nullptr) return std::nullopt;
  double count = -1;  // the listing's own descriptor
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] != '.') ++count;
  }
  ::closedir(dir);
  return count;
}

void add(std::vector<Sample>& out, const char* name, const char* help, SampleKind kind, double value) {
  out.push_back({name, help, kind, {}, value});
}

void collect_process(std::vector<Sample>& out) {
  constexpr auto kCounter = SampleKind::kCounter;
  constexpr auto kGauge = SampleKind::kGauge;
  // The start is constant for the process, and so is the boot time it is computed from (which drifts with the
  // clock).
  static const std::optional<double> boot_time = parse_boot_time(read_proc_file("/proc/stat"));

  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto stat = parse_process_stat(read_proc_file("/proc/self/stat"))) {
    const double cpu = static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks;
    const auto virtual_bytes = static_cast<double>(stat->virtual_bytes);
    const double resident_bytes = static_cast<double>(stat->resident_pages) * page;
    add(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", kCounter, cpu);
    add(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", kGauge, virtual_bytes);
    add(out, "process_resident_memory_bytes", "Resident memory size in bytes.", kGauge, resident_bytes);
    add(out, "invar_resources_process_cpu_seconds_total",
        "User and system CPU time of this process in seconds.", kCounter, cpu);
    add(out, "invar_resources_process_virtual_memory_bytes", "Virtual memory of this process in bytes.",
        kGauge, virtual_bytes);
    add(out, "invar_resources_process_resident_memory_bytes", "Resident memory of this process in bytes.",
        kGauge, resident_bytes);
    if (boot_time) {
      const double start = *boot_time + static_cast<double>(stat->start_ticks) / ticks;
      add(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", kGauge,
          start);
      add(out, "invar_resources_process_start_time_seconds",
          "Start time of this process as a Unix time in seconds.", kGauge, start);
    }
  }
  if (const auto open = count_open_fds())
    add(out, "process_open_fds", "Number of open file descriptors.", kGauge, *open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    add(out, "process_max_fds", "Maximum number of open file descriptors.", kGauge,
        static_cast<double>(limit.rlim_cur));
  }
  if (::getrlimit(RLIMIT_AS, &limit) == 0) {
    add(out, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.",
        kGauge, static_cast<double>(limit.rlim_cur));
  }
  if (const auto traffic = parse_network_devices(read_proc_file("/proc/net/dev"))) {
    add(out, "invar_resources_machine_rx_bytes_total", "Bytes received over all interfaces of the host.",
        kCounter, static_cast<double>(traffic->received_bytes));
    add(out, "invar_resources_machine_tx_bytes_total", "Bytes sent over all interfaces of the host.",
        kCounter, static_cast<double>(traffic->sent_bytes));
  }
}

}  // namespace

void add_process_metrics(Scope& scope) {
  const BuildInfo& info = build_info();
  const std::vector<std::string_view> platform = split(info.platform, '/');
  scope
      .gauge("invar_build_info", "What this binary was built from; always 1.",
             {{"version", std::string(info.version)},
              {"branch", std::string(info.branch)},
              {"revision", std::string(info.revision)},
              {"compiler", std::string(info.compiler)},
              // Of the reference's labels; its dashboards group by them.
              {"goversion", std::string(info.compiler)},
              {"tags", ""},
              {"goos", std::string(platform.front())},
              {"goarch", std::string(platform.back())}})
      .set(1);
  scope.on_collect(collect_process);
}

}  // namespace invar::metrics
