// Flame graphs of the command line: the page of flame/page.h, and a plain SVG picture of one sample type. Of a tree with two
// sides: the change of each frame's share.
// Threads: any; pure but for the writing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "flame/page.h"
#include "pprof/tree.h"

namespace invar::archive_tool {

// Writes a page, or the picture of the first type when `output` ends in .svg. Adds to the caption what the profiles tell.
Result<> write_flame(const Environment& environment, const Loaded& loaded, const StackOptions& stacks,
                     flame::Caption caption, const std::string& output);
std::string flame_title(const Selection& selection);  // where the profiles come from
bool is_flame_output(std::string_view path);          // asks for a graph by its ending

// `type`: which of tree.types. Frames narrower than half a pixel are left out; the picture says how many.
std::string flame_svg(const pprof::FlameTree& tree, const flame::Caption& caption, std::uint32_t type);

}  // namespace invar::archive_tool
