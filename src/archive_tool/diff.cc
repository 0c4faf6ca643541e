#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "archive_tool/commands.h"
#include "archive_tool/flame.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "archive_tool/table.h"
#include "archive_tool/text.h"
#include "base/strings.h"
#include "codec/gzip.h"

namespace invar::archive_tool {
namespace {

std::string signed_value(std::int64_t value, std::string_view unit) {
  return (value > 0 ? "+" : "") + show_value(value, unit);
}
std::string signed_share(std::int64_t value, std::int64_t of) {
  return (value > 0 && of != 0 ? "+" : "") + show_share(value, of);
}

std::string type_table(const pprof::TopTable& table, std::uint32_t type, const DiffOptions& options) {
  const auto value = [&](std::uint32_t row, std::uint32_t side) {
    return options.cum ? table.total(row, type, side) : table.self(row, type, side);
  };
  const auto change = [&](std::uint32_t row) {
    return pprof::wrapping_subtract(value(row, 1), value(row, 0));
  };
  std::vector<std::uint32_t> rows = rows_of(table, [&](std::uint32_t row) { return change(row) != 0; });
  order_rows(
      rows, options.limit,
      [&](std::uint32_t row) {
        const auto bits = static_cast<std::uint64_t>(change(row));
        return change(row) < 0 ? 0 - bits : bits;
      },
      table.frames);
  const std::string& unit = table.types[type].unit;
  const std::int64_t before = table.total(0, type, 0), after = table.total(0, type, 1);
  std::string out =
      fmt::format("{}: {} -> {}, {} ({})\n", table.types[type].type, show_value(before, unit),
                  show_value(after, unit), signed_value(pprof::wrapping_subtract(after, before), unit),
                  signed_share(pprof::wrapping_subtract(after, before), before));
  out += fmt::format("{:>11} {:>11} {:>12} {:>8}  {}\n", "BEFORE", "AFTER", "CHANGE", "OF ALL",
                     options.stacks.lines ? "LINE" : "FUNCTION");
  for (const std::uint32_t row : rows) {
    out +=
        fmt::format("{:>11} {:>11} {:>12} {:>8}  {}\n", show_value(value(row, 0), unit),
                    show_value(value(row, 1), unit), signed_value(change(row), unit),
                    signed_share(change(row), before), frame_text(table.frames[row], options.stacks.lines));
  }
  return out;
}

}  // namespace

Result<Selection> parse_side(const Environment& environment, std::string_view text, const Selection& common) {
  Selection side = common;
  side.paths = {std::string(text)};
  if (environment.files->stat(side.paths.front())) return side;  // a path may hold any character
  const auto invalid = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {}; write PATH, PATH{{SELECTOR}}, PATH@SINCE..UNTIL or both", text, what));
  };
  const std::size_t brace = text.find('{'), close = text.rfind('}');
  std::string_view path = text.substr(0, brace), range;
  if (brace == std::string_view::npos) {
    const std::size_t at = text.rfind('@');
    path = text.substr(0, at);
    if (at != std::string_view::npos) range = text.substr(at);
  } else {
    if (close == std::string_view::npos || close < brace) return invalid("the selector has no end");
    side.selector = text.substr(brace, close + 1 - brace);
    range = text.substr(close + 1);
  }
  if (!range.empty()) {
    const std::size_t dots = range.find("..");
    if (range[0] != '@' || dots == std::string_view::npos)
      return invalid("the range of time is not @SINCE..UNTIL");
    side.since = range.substr(1, dots - 1);
    side.until = range.substr(dots + 2);
  }
  side.paths = {std::string(path)};
  if (auto exists = environment.files->stat(side.paths.front()); !exists)
    return std::unexpected(exists.error());
  return side;
}

Result<int> diff(const Environment& environment, const DiffOptions& options) {
  INVAR_ASSIGN_OR_RETURN(const pprof::StackFilter filter, stack_filter(options.stacks));
  INVAR_ASSIGN_OR_RETURN(const Selection before, parse_side(environment, options.before, options.common));
  INVAR_ASSIGN_OR_RETURN(const Selection after, parse_side(environment, options.after, options.common));
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load_diff(environment, before, after, options.normalize));
  const int status = loaded.all_good ? 0 : 1;
  if (is_flame_output(options.output)) {
    flame::Caption caption{
        .title = flame_title(before) + " → " + flame_title(after),
        .facts = {{"Before", fmt::format("{} profiles of {}", loaded.profiles[0], options.before)},
                  {"After", fmt::format("{} profiles of {}", loaded.profiles[1], options.after)}}};
    INVAR_TRY(write_flame(environment, loaded, options.stacks, std::move(caption), options.output));
    return status;
  }
  if (!options.output.empty()) {
    std::string bytes;
    codec::Deflater().gzip(loaded.profile.serialize(), bytes);
    INVAR_TRY(write_output(environment, options.output, bytes, false));
    return status;
  }
  const pprof::TopTable table = build_top(loaded.profile, frame_detail(options.stacks.lines), filter);
  if (options.json) {
    environment.print(table_json(table));
    return status;
  }
  std::string out = fmt::format("before: {} profiles of {}\nafter:  {} profiles of {}\n", loaded.profiles[0],
                                options.before, loaded.profiles[1], options.after);
  for (std::uint32_t type = 0; type < table.types.size(); ++type)
    out += "\n" + type_table(table, type, options);
  environment.print(out);
  return status;
}

}  // namespace invar::archive_tool
