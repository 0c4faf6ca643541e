#include "archive_tool/table.h"

#include <fmt/format.h>

#include <utility>

#include "syntax/json.h"

namespace invar::archive_tool {
namespace {

template <class Value>
void append_sides(std::string& out, const pprof::TopTable& table, Value value) {
  for (std::uint32_t side = 0; side < table.sides; ++side) {
    out += side == 0 ? "[[" : "],[";
    for (std::uint32_t type = 0; type < table.types.size(); ++type) {
      out += fmt::format("{}{}", type == 0 ? "" : ",", value(type, side));
    }
  }
  out += "]]";
}

}  // namespace

std::string table_json(const pprof::TopTable& table) {
  std::string out = "{\"types\":[";
  for (std::size_t i = 0; i < table.types.size(); ++i) {
    out += i == 0 ? "{\"type\":" : ",{\"type\":";
    syntax::append_json_string(out, table.types[i].type);
    out += ",\"unit\":";
    syntax::append_json_string(out, table.types[i].unit);
    out += '}';
  }
  out += "],\"totals\":";
  append_sides(out, table,
               [&](std::uint32_t type, std::uint32_t side) { return table.total(0, type, side); });
  out += ",\"rows\":[";
  for (std::uint32_t row = 1; row < table.frames.size(); ++row) {
    const pprof::FlameFrame& frame = table.frames[row];
    out += row == 1 ? "\n{\"name\":" : ",\n{\"name\":";
    syntax::append_json_string(out, frame.name);
    out += ",\"file\":";
    syntax::append_json_string(out, frame.file);
    out += fmt::format(",\"line\":{},\"self\":", frame.line);
    append_sides(out, table,
                 [&](std::uint32_t type, std::uint32_t side) { return table.self(row, type, side); });
    out += ",\"total\":";
    append_sides(out, table,
                 [&](std::uint32_t type, std::uint32_t side) { return table.total(row, type, side); });
    out += '}';
  }
  out += "]}\n";
  return out;
}

}  // namespace invar::archive_tool
