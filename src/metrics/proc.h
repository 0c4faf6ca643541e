// Readers of the kernel's text files under /proc. Pure: text in, numbers out; nothing when the text is not as
// expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace invar::metrics {

struct ProcessStat {
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);  // /proc/PID/stat

std::optional<double> parse_boot_time(std::string_view text);  // /proc/stat: Unix seconds

struct NetworkTraffic {
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};
std::optional<NetworkTraffic> parse_network_devices(
    std::string_view text);  // /proc/net/dev: the sum over all interfaces

}  // namespace invar::metrics
