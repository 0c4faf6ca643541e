#include "jfr/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "jfr/chunk.h"
#include "jfr/metadata.h"

namespace invar::jfr {
namespace {

std::string name_of(std::uint64_t type, const Metadata& metadata) {
  constexpr std::array<std::string_view, 2> kOwn = {"jdk.Metadata", "jdk.CheckPoint"};
  if (type < kOwn.size()) return std::string(kOwn[type]);
  const Class* const known = metadata.find(type);
  return known == nullptr ? fmt::format("unknown {}", type) : known->name;
}

}  // namespace

Result<Summary> summarize(std::string_view recording) {
  Summary summary;
  UnixNanos end = 0;
  do {
    const auto chunk = next_chunk(recording, summary.report);
    if (!chunk && summary.report.chunks == 0) return std::unexpected(chunk.error());
    if (!chunk) {
      ++summary.report.truncated_chunks;
      break;
    }
    if (summary.start_unix_ns == 0) summary.start_unix_ns = chunk->start_unix_ns;
    end = std::max(end, chunk->end_unix_ns());

    Result<Metadata> metadata{Metadata()};
    if (!chunk->metadata.empty()) metadata = Metadata::parse(chunk->cursor(chunk->metadata.back()));
    if (!metadata || chunk->metadata.empty()) ++summary.report.damaged_chunks;
    std::map<std::uint64_t, EventSum> by_type;
    chunk->walk([&](std::uint64_t type, const Cursor&, EventRef event) {
      EventSum& sum = by_type[type];
      ++sum.count;
      sum.bytes += event.size;
    });
    for (const auto& [type, sum] : by_type) {
      EventSum& total = summary.events[name_of(type, metadata ? *metadata : Metadata())];
      total.count += sum.count;
      total.bytes += sum.bytes;
    }
  } while (!recording.empty());
  if (end > summary.start_unix_ns) summary.duration_ns = end - summary.start_unix_ns;
  return summary;
}

}  // namespace invar::jfr
