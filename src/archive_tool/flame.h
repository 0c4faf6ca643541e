// Flame graphs of a tree of calls: a page that needs no network (search, zoom, inverted view, every sample type),
// and a plain SVG picture of one sample type. Of a tree with two sides: the change of each frame's share.
// Shape:   the page is ui/flame with the profile inside; its data format stands in ui/flame/data.js.
// Units:   values in those of the sample types; shares of the whole.
// Threads: any; pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "pprof/tree.h"

namespace invar::archive_tool {

struct FlameCaption {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // what is in it: name and value
  std::array<std::string, 2> sides = {"Before", "After"};  // names of the sides of a diff
};

// Writes a page, or the picture of the first type when `output` ends in .svg. Adds to the caption what the profiles tell.
Result<> write_flame(const Environment& environment, const Loaded& loaded, const StackOptions& stacks,
                     FlameCaption caption, const std::string& output);
std::string flame_title(const Selection& selection);  // where the profiles come from
bool is_flame_output(std::string_view path);          // asks for a graph by its ending

std::string flame_page(const pprof::FlameTree& tree, const FlameCaption& caption);

// `type`: which of tree.types. Frames narrower than half a pixel are left out; the picture says how many.
std::string flame_svg(const pprof::FlameTree& tree, const FlameCaption& caption, std::uint32_t type);

}  // namespace invar::archive_tool
