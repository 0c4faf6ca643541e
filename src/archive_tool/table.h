// The rows of top and diff: choosing, ordering, and all of them as JSON for other programs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "pprof/top.h"

namespace invar::archive_tool {

// Frames, without the root's, for which keep(frame) is true.
template <class Keep>
std::vector<std::uint32_t> rows_of(const pprof::TopTable& table, Keep keep) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t frame = 1; frame < table.frames.size(); ++frame) {
    if (keep(frame)) rows.push_back(frame);
  }
  return rows;
}

// By weight(frame), heaviest first; equal ones by name. `limit` 0: all.
template <class Weight>
void order_rows(std::vector<std::uint32_t>& rows, std::uint64_t limit, Weight weight,
                const std::vector<pprof::FlameFrame>& frames) {
  std::ranges::sort(rows, [&](std::uint32_t a, std::uint32_t b) {
    const auto left = weight(a), right = weight(b);
    return left != right ? left > right : frames[a].name < frames[b].name;
  });
  if (limit != 0 && rows.size() > limit) rows.resize(limit);
}

// {"types":[{"type","unit"}],"totals":[[…]],"rows":[{"name","file","line","self":[[…]],"total":[[…]]}]}: of each side
// one list of values, one value per type.
std::string table_json(const pprof::TopTable& table);

}  // namespace invar::archive_tool
