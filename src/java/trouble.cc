#include "java/trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/error.h"

namespace invar::java {

using std::chrono::minutes;
using std::chrono::seconds;

std::string_view to_string(TroubleKind kind) {
  switch (kind) {
    case TroubleKind::kGone:
      return "gone";
    case TroubleKind::kNotJvm:
      return "not_a_jvm";
    case TroubleKind::kUnsupported:
      return "unsupported";
    case TroubleKind::kAttachDisabled:
      return "attach_disabled";
    case TroubleKind::kNoPermission:
      return "no_permission";
    case TroubleKind::kNoDirectory:
      return "no_directory";
    case TroubleKind::kNoAnswer:
      return "no_answer";
    case TroubleKind::kForeignProfiler:
      return "foreign_profiler";
    case TroubleKind::kAgentRefused:
      return "agent_refused";
    case TroubleKind::kLibraryRefused:
      return "library_refused";
    case TroubleKind::kRecordingRefused:
      return "recording_refused";
    case TroubleKind::kNoLibrary:
      return "no_library";
  }
  return "";
}

std::unexpected<Trouble> errno_trouble(std::string_view what, int error) {
  TroubleKind kind = TroubleKind::kRecordingRefused;
  if (error == ESRCH) kind = TroubleKind::kGone;
  if (error == EACCES || error == EPERM) kind = TroubleKind::kNoPermission;
  if (error == ENOSYS) kind = TroubleKind::kUnsupported;
  return trouble(kind, errno_error(what, error).message);
}

std::unexpected<Trouble> no_directory(std::string_view last) {
  std::string sentence = "no writable, executable directory in the container; mount an emptyDir at /tmp";
  if (!last.empty()) sentence += fmt::format(" ({})", last);
  return trouble(TroubleKind::kNoDirectory, std::move(sentence));
}

Duration retry_after(TroubleKind kind, unsigned failures, Duration interval) {
  const Duration growing = seconds(1) * (1U << std::min(failures - 1, 9U));
  switch (kind) {
    case TroubleKind::kForeignProfiler:
      return interval;
    case TroubleKind::kUnsupported:
    case TroubleKind::kAttachDisabled:
    case TroubleKind::kNoDirectory:
      return minutes(10);
    default:
      return std::min<Duration>(growing, minutes(5));
  }
}

}  // namespace invar::java
