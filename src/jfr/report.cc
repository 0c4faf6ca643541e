#include "jfr/report.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace invar::jfr {

std::string Report::losses() const {
  const std::array<std::pair<std::uint64_t, std::string_view>, 7> counted = {{
      {truncated_chunks, "chunks cut off"},
      {damaged_chunks, "chunks damaged"},
      {damaged_events, "events damaged"},
      {without_stack, "samples without a stack trace"},
      {unknown_frames, "frames of unknown methods"},
      {cut_stacks, "stacks cut off"},
      {over_limit, "events or constants above a limit"},
  }};
  std::string out;
  for (const auto& [count, what] : counted) {
    if (count > 0) out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", what, count);
  }
  return out;
}

}  // namespace invar::jfr
