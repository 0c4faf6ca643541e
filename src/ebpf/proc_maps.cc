#include "ebpf/proc_maps.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace invar::ebpf {
namespace {

constexpr std::string_view kDeleted = " (deleted)";

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// "7f00-7f10 r-xp 00001000 fe:01 1234    /usr/lib/x.so (deleted)"
std::optional<MapLine> parse_line(std::string_view line) {
  const std::string_view range = take_word(line), rights = take_word(line), offset = take_word(line);
  const std::string_view device = take_word(line), inode = take_word(line);
  const std::size_t dash = range.find('-'), colon = device.find(':');
  if (rights.size() < 3 || rights[2] != 'x' || dash == std::string_view::npos ||
      colon == std::string_view::npos)
    return std::nullopt;
  const auto start = parse_uint(range.substr(0, dash), 16), end = parse_uint(range.substr(dash + 1), 16);
  const auto at = parse_uint(offset, 16), node = parse_uint(inode);
  const auto major = parse_uint(device.substr(0, colon), 16),
             minor = parse_uint(device.substr(colon + 1), 16);
  if (!start || !end || !at || !node || !major || !minor || *start >= *end || *start >> 63 != 0)
    return std::nullopt;
  MapLine out{.start = *start,
              .end = *end,
              .offset = *at,
              .device = *major << 32 | *minor,
              .inode = *node,
              .path = {}};
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  out.deleted = line.ends_with(kDeleted);
  if (out.deleted) line.remove_suffix(kDeleted.size());
  out.path = line;
  return out;
}

}  // namespace

Maps parse_maps(std::string_view text) {
  Maps maps;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    auto line = parse_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line) continue;
    if (maps.executable.size() >= kMaxMappingsOfProcess) {
      maps.truncated = true;
      break;
    }
    maps.executable.push_back(std::move(*line));
  }
  std::ranges::stable_sort(maps.executable, {}, &MapLine::start);
  return maps;
}

}  // namespace invar::ebpf
