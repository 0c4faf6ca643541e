#include "ebpf/cpu_list.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::ebpf {

std::vector<int> parse_cpu_list(std::string_view text) {
  constexpr std::uint64_t kMostCpus = 1 << 16;
  std::vector<int> cpus;
  for (const std::string_view part : split(trim_space(text), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_uint(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_uint(part.substr(dash + 1));
    if (!first || !last || *last >= kMostCpus) continue;
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

}  // namespace invar::ebpf
