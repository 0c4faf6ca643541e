#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "archive_tool/commands.h"
#include "archive_tool/export_text.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "base/build_info.h"
#include "base/strings.h"
#include "codec/gzip.h"
#include "json/writer.h"
#include "pprof/tree.h"

namespace invar::archive_tool {
namespace {

// Frames of a node, outermost first, without the root's.
void path_to(const pprof::FlameTree& tree, std::uint32_t node, std::vector<std::uint32_t>& frames) {
  frames.clear();
  for (; node != 0; node = tree.nodes[node].parent) frames.push_back(tree.nodes[node].frame);
  std::ranges::reverse(frames);
}

std::string_view speedscope_unit(std::string_view unit) {
  constexpr std::array<std::string_view, 5> kKnown = {"bytes", "nanoseconds", "microseconds", "milliseconds",
                                                      "seconds"};
  return std::ranges::find(kKnown, unit) != kKnown.end() ? unit : "none";
}

}  // namespace

std::string folded_text(const pprof::FlameTree& tree, bool lines) {
  std::vector<std::string> names;
  for (const pprof::FlameFrame& frame : tree.frames) {
    std::string name = frame_text(frame, lines);
    std::ranges::replace(name, ';', ':');  // the format has no escapes
    std::ranges::replace(name, '\n', ' ');
    names.push_back(std::move(name));
  }
  std::string out;
  std::vector<std::uint32_t> frames;
  for (std::uint32_t node = 1; node < tree.nodes.size(); ++node) {
    const std::int64_t self = tree.self(node, tree.default_type);
    if (self == 0) continue;
    path_to(tree, node, frames);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (i > 0) out += ';';
      out += names[frames[i]];
    }
    out += fmt::format(" {}\n", self);
  }
  return out;
}

std::string speedscope_text(const pprof::FlameTree& tree, std::string_view name) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("$schema", "https://www.speedscope.app/file-format-schema.json");
  out.field("exporter", fmt::format("invar {}", build_info().version)).field("name", name);
  out.field("activeProfileIndex", tree.default_type).key("shared").begin_object().key("frames").begin_array();
  for (std::size_t i = 1; i < tree.frames.size(); ++i) {
    out.begin_object().field("name", tree.frames[i].name);
    if (!tree.frames[i].file.empty()) out.field("file", tree.frames[i].file);
    if (tree.frames[i].line > 0) out.field("line", tree.frames[i].line);
    out.end_object();
  }
  out.end_array().end_object().key("profiles").begin_array();
  std::vector<std::uint32_t> frames;
  std::vector<std::int64_t> weights;
  for (std::uint32_t type = 0; type < tree.types.size(); ++type) {
    out.begin_object().field("type", "sampled").field("name", tree.types[type].type);
    out.field("unit", speedscope_unit(tree.types[type].unit)).field("startValue", 0);
    out.field("endValue", tree.total(0, type)).key("samples").begin_array();
    weights.clear();
    for (std::uint32_t node = 1; node < tree.nodes.size(); ++node) {
      const std::int64_t self = tree.self(node, type);
      if (self == 0) continue;
      path_to(tree, node, frames);
      out.begin_array();
      for (const std::uint32_t frame : frames) out.value(frame - 1);
      out.end_array();
      weights.push_back(self);
    }
    out.end_array().key("weights").list(weights).end_object();
  }
  out.end_array().end_object();
  return text + '\n';
}

Result<int> export_profiles(const Environment& environment, const ExportOptions& options) {
  if (options.format == "pprof") return merge(environment, options.selection, options.output);
  if (options.format != "folded" && options.format != "speedscope") {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid argument {} for \"--format\" flag: choose folded, speedscope or pprof",
                            quote(options.format)));
  }
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load(environment, options.selection));
  const pprof::FlameTree tree = build_tree(loaded.profile, frame_detail(options.lines));
  const std::string text = options.format == "folded"
                               ? folded_text(tree, options.lines)
                               : speedscope_text(tree, join(options.selection.paths, ", "));
  INVAR_TRY(write_output(environment, options.output, text, true));
  return loaded.all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
