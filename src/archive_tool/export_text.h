// A tree of calls in the text formats of other tools. Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "pprof/tree.h"

namespace invar::archive_tool {

// "main;work;leaf 42" for the sample type that is shown first.
std::string folded_text(const pprof::FlameTree& tree, bool lines);
// https://www.speedscope.app/file-format-schema.json: every sample type is a profile of its own.
std::string speedscope_text(const pprof::FlameTree& tree, std::string_view name);

}  // namespace invar::archive_tool
