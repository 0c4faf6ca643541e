#include "archive_tool/stacks.h"

#include <fmt/format.h>

#include "base/shown_text.h"
#include "labels/pattern.h"

namespace invar::archive_tool {
namespace {

constexpr std::size_t kMostNameBytes = 2000;

Result<pprof::FrameMatch> frame_match(const std::string& expression, std::string_view flag) {
  if (expression.empty()) return pprof::FrameMatch();
  auto pattern = relabel::Pattern::compile(".*(?:" + expression + ").*");
  if (!pattern) return std::unexpected(pattern.error().wrapped(flag));
  return [pattern = std::move(*pattern)](const pprof::FlameFrame& frame) {
    return pattern.matches(frame.name) || (!frame.file.empty() && pattern.matches(frame.file));
  };
}

}  // namespace

Result<pprof::StackFilter> stack_filter(const StackOptions& options) {
  pprof::StackFilter filter;
  INVAR_ASSIGN_OR_RETURN(filter.focus, frame_match(options.focus, "--focus"));
  INVAR_ASSIGN_OR_RETURN(filter.ignore, frame_match(options.ignore, "--ignore"));
  return filter;
}

std::string frame_text(const pprof::FlameFrame& frame, bool lines) {
  // Names come from the profiled program: they may hold what steers a terminal.
  std::string name = shown_text(frame.name, kMostNameBytes);
  if (!lines || frame.file.empty()) return name;
  return fmt::format("{} {}:{}", name, shown_text(frame.file, kMostNameBytes), frame.line);
}

Result<> write_output(const Environment& environment, const std::string& path, std::string_view bytes,
                      bool text) {
  if (!path.empty()) return environment.files->write_file_atomically(path, bytes, 0644, false);
  if (!text && environment.columns > 0) {
    return fail(ErrorCode::kInvalidArgument,
                "this is no text for a terminal: name a file with -o, or use a pipe");
  }
  environment.print(bytes);
  return {};
}

}  // namespace invar::archive_tool
