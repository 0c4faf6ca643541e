#include "archive_tool/table.h"

#include "json/writer.h"

namespace invar::archive_tool {
namespace {

template <class Value>
void append_sides(json::Writer& out, const pprof::TopTable& table, Value value) {
  out.begin_array();
  for (std::uint32_t side = 0; side < table.sides; ++side) {
    out.begin_array();
    for (std::uint32_t type = 0; type < table.types.size(); ++type) out.value(value(type, side));
    out.end_array();
  }
  out.end_array();
}

}  // namespace

std::string table_json(const pprof::TopTable& table) {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("types").begin_array();
  for (const pprof::SampleType& type : table.types)
    out.begin_object().field("type", type.type).field("unit", type.unit).end_object();
  append_sides(out.end_array().key("totals"), table,
               [&](std::uint32_t type, std::uint32_t side) { return table.total(0, type, side); });
  out.key("rows").begin_array();
  for (std::uint32_t row = 1; row < table.frames.size(); ++row) {
    const pprof::FlameFrame& frame = table.frames[row];
    out.new_line()
        .begin_object()
        .field("name", frame.name)
        .field("file", frame.file)
        .field("line", frame.line);
    append_sides(out.key("self"), table,
                 [&](std::uint32_t type, std::uint32_t side) { return table.self(row, type, side); });
    append_sides(out.key("total"), table,
                 [&](std::uint32_t type, std::uint32_t side) { return table.total(row, type, side); });
    out.end_object();
  }
  out.end_array().end_object();
  return text + '\n';
}

}  // namespace invar::archive_tool
