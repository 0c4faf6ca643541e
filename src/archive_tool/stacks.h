// What top, tree, diff, flame and export have in common: filters from expressions, the choice of sample types, output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive_tool/commands.h"
#include "pprof/frames.h"

namespace invar::archive_tool {

// As `go tool pprof` has it: the expression may match anywhere in the name or the file of a frame.
Result<pprof::StackFilter> stack_filter(const StackOptions& options);
inline pprof::FrameDetail frame_detail(bool lines) {
  return lines ? pprof::FrameDetail::kLines : pprof::FrameDetail::kFunctions;
}
std::string frame_text(const pprof::FlameFrame& frame,
                       bool lines);  // "main.work", "main.work /src/main.go:12"

// To the file, whole or not at all; "" is standard output, where bytes of no text are refused on a terminal.
Result<> write_output(const Environment& environment, const std::string& path, std::string_view bytes,
                      bool text);

}  // namespace invar::archive_tool
