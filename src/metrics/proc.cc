#include "metrics/proc.h"

#include <vector>

#include "base/strings.h"

namespace invar::metrics {
namespace {

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // The name of the program stands in parentheses and may hold anything: count fields after the last one.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> fields = words(trim_space(text.substr(name_end + 1)));
  const auto field = [&](std::size_t number) -> std::optional<std::uint64_t> {  // numbers as in proc(5)
    return number - 3 < fields.size() ? parse_uint(fields[number - 3]) : std::nullopt;
  };
  const auto user = field(14), system = field(15), start = field(22), size = field(23), resident = field(24);
  if (!user || !system || !start || !size || !resident) return std::nullopt;
  return ProcessStat{*user, *system, *start, *size, *resident};
}

std::optional<double> parse_boot_time(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with("btime ")) continue;
    if (const auto seconds = parse_uint(trim_space(line.substr(6)))) return static_cast<double>(*seconds);
  }
  return std::nullopt;
}

std::optional<NetworkTraffic> parse_network_devices(std::string_view text) {
  std::optional<NetworkTraffic> total;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.rfind(':');  // an alias has a colon in its name
    if (colon == std::string_view::npos) continue;
    const std::vector<std::string_view> columns = words(line.substr(colon + 1));
    if (columns.size() < 9) continue;
    const auto received = parse_uint(columns[0]);
    const auto sent = parse_uint(columns[8]);
    if (!received || !sent) continue;
    if (!total) total.emplace();
    total->received_bytes += *received;
    total->sent_bytes += *sent;
  }
  return total;
}

}  // namespace invar::metrics
