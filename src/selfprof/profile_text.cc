#include "selfprof/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/strings.h"

namespace invar::selfprof {
namespace {

using pprof::Sample;

// Columns of a heap profile.
enum Column { kAllocObjects, kAllocBytes, kInuseObjects, kInuseBytes, kHeapColumns };

bool is_heap(const pprof::Profile& profile) {
  return profile.sample_types.size() == kHeapColumns;
}

std::string numbers(const std::vector<std::int64_t>& values, bool heap) {
  if (!heap) return fmt::to_string(values.front());
  return fmt::format("{}: {} [{}: {}]", values[kInuseObjects], values[kInuseBytes], values[kAllocObjects],
                     values[kAllocBytes]);
}

std::vector<std::int64_t> totals(const pprof::Profile& profile) {
  std::vector<std::int64_t> sums(profile.sample_types.size());
  for (const Sample& sample : profile.samples)
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += sample.values[i];
  return sums;
}

std::string head(const pprof::Profile& profile) {
  const std::string& type = profile.sample_types.front().type;
  if (is_heap(profile))
    return fmt::format("heap profile: {} @ heap/{}\n", numbers(totals(profile), true), profile.period);
  if (type == "contentions") return "--- contention:\ncycles/second=1000000000\n";
  return fmt::format("{} profile: total {}\n", type, totals(profile).front());
}

}  // namespace

std::string profile_text(const pprof::Profile& profile) {
  std::unordered_map<std::uint64_t, const pprof::Location*> locations;
  for (const auto& location : profile.locations) locations.emplace(location.id, &location);
  std::unordered_map<std::uint64_t, const pprof::Function*> functions;
  for (const auto& function : profile.functions) functions.emplace(function.id, &function);

  const bool heap = is_heap(profile);
  std::vector<const Sample*> order;
  order.reserve(profile.samples.size());
  for (const Sample& sample : profile.samples) order.push_back(&sample);
  std::ranges::stable_sort(order, std::greater(),
                           [&](const Sample* sample) { return sample->values[heap ? kInuseBytes : 0]; });

  std::string out = head(profile);
  for (const Sample* sample : order) {
    out += numbers(sample->values, heap) + " @";
    for (const auto id : sample->location_ids) out += fmt::format(" {:#x}", locations.at(id)->address);
    out += '\n';
    for (const auto& label : sample->labels)
      out += fmt::format("# labels: {{{}:{}}}\n", quote(label.key), quote(label.str));
    for (const auto id : sample->location_ids) {
      const pprof::Location& location = *locations.at(id);
      for (const auto& line : location.lines) {
        const pprof::Function& function = *functions.at(line.function_id);
        out += fmt::format("#\t{:#x}\t{}", location.address, function.name);
        if (!function.filename.empty()) out += fmt::format("\t{}:{}", function.filename, line.line);
        out += '\n';
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace invar::selfprof
