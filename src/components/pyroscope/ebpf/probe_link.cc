#include "components/pyroscope/ebpf/probe_link.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace invar::components::pyroscope_ebpf {

Result<ProbeLink> parse_probe_link(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() < 2)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid format: {}, expected: <probe_type>:<symbol>", text));
  const std::string type = to_lower_ascii(parts[0]);
  ProbeLink link{
      .user = type.starts_with('u'), .at_return = type.ends_with("retprobe"), .path = {}, .symbol = {}};
  if (type != "kprobe" && type != "kretprobe" && type != "uprobe" && type != "uretprobe")
    return fail(ErrorCode::kInvalidArgument, fmt::format("unknown probe type: {}", parts[0]));
  if (parts.size() != (link.user ? 3u : 2u) || parts.back().empty() || parts[1].empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid format: {}, expected: {}", text,
                            link.user ? "<probe_type>:<target>:<symbol>" : "<probe_type>:<symbol>"));
  }
  if (link.user) link.path = parts[1];
  link.symbol = parts.back();
  return link;
}

}  // namespace invar::components::pyroscope_ebpf
