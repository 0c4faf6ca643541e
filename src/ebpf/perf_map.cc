#include "ebpf/perf_map.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace invar::ebpf {
namespace {

// With or without 0x, as the run times differ.
std::optional<std::uint64_t> hex_number(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  return parse_uint(text, 16);
}

}  // namespace

void PerfMap::add(std::string_view text) {
  while (!text.empty() && entries_.size() < kMaxEntries) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) continue;
    const auto start = hex_number(line.substr(0, first)),
               size = hex_number(line.substr(first + 1, second - first - 1));
    const std::string_view name = line.substr(second + 1, kMaxName);
    if (!start || !size || *size == 0 || *start + *size < *start || name.empty()) continue;
    auto at = entries_.lower_bound(*start);
    if (at != entries_.begin() && std::prev(at)->second.end > *start) --at;
    while (at != entries_.end() && at->first < *start + *size) at = entries_.erase(at);
    entries_.emplace(*start, Entry{.end = *start + *size, .name = std::string(name)});
  }
}

std::string_view PerfMap::find(std::uint64_t address) const {
  auto at = entries_.upper_bound(address);
  if (at == entries_.begin()) return {};
  --at;
  return address < at->second.end ? std::string_view(at->second.name) : std::string_view();
}

}  // namespace invar::ebpf
