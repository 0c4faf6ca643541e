#include "pprof/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "archive_tool/table.h"
#include "archive_tool/text.h"

namespace invar::archive_tool {
namespace {

std::string type_table(const pprof::TopTable& table, std::uint32_t type, const TopOptions& options,
                       std::int64_t total) {
  std::vector<std::uint32_t> rows = rows_of(
      table, [&](std::uint32_t row) { return table.self(row, type) != 0 || table.total(row, type) != 0; });
  order_rows(
      rows, options.limit,
      [&](std::uint32_t row) {
        return options.cum ? std::pair(table.total(row, type), table.self(row, type))
                           : std::pair(table.self(row, type), table.total(row, type));
      },
      table.frames);
  const std::string& unit = table.types[type].unit;
  std::string out = fmt::format("{:>11} {:>7} {:>11} {:>7}  {}\n", "SELF", "SELF%", "TOTAL", "TOTAL%",
                                options.stacks.lines ? "LINE" : "FUNCTION");
  for (const std::uint32_t row : rows) {
    const std::int64_t self = table.self(row, type), all = table.total(row, type);
    out += fmt::format("{:>11} {:>7} {:>11} {:>7}  {}\n", show_value(self, unit), show_share(self, total),
                       show_value(all, unit), show_share(all, total),
                       frame_text(table.frames[row], options.stacks.lines));
  }
  return out;
}

}  // namespace

Result<int> top(const Environment& environment, const TopOptions& options) {
  INVAR_ASSIGN_OR_RETURN(const pprof::StackFilter filter, stack_filter(options.stacks));
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load(environment, options.selection));
  const pprof::TopTable table = build_top(loaded.profile, frame_detail(options.stacks.lines), filter);
  if (options.json) {
    environment.print(table_json(table));
    return loaded.all_good ? 0 : 1;
  }
  std::string out;
  for (std::uint32_t type = 0; type < table.types.size(); ++type) {
    const pprof::SampleType& names = table.types[type];
    const std::int64_t total = loaded.profile.total(0, type), kept = table.total(0, type);
    out += fmt::format("{}{}: {} in {} profiles", type == 0 ? "" : "\n", names.type,
                       show_value(total, names.unit), loaded.profiles[0]);
    if (kept != total)
      out += fmt::format(", {} ({}) shown", show_value(kept, names.unit), show_share(kept, total));
    out += "\n" + type_table(table, type, options, total);
  }
  environment.print(out);
  return loaded.all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
