// Trouble: why a process cannot be profiled now, and when it is worth another look.
// Threads: pure.   Source: pyroscope-java.md 5, 6.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace invar::java {

enum class TroubleKind {
  kGone,              // no such process, or it ended
  kNotJvm,            // also one that is not yet ready: it may still become a JVM
  kUnsupported,       // a virtual machine that is no HotSpot, a kernel that lacks what we need
  kAttachDisabled,    // its command line forbids it
  kNoPermission,      // ours to look or to act
  kNoDirectory,       // nowhere in its file system to put our files
  kNoAnswer,          // it is stopped or hangs
  kForeignProfiler,   // somebody else records
  kAgentRefused,      // async-profiler said no
  kLibraryRefused,    // the JVM did not load it
  kRecordingRefused,  // the file is not what it must be
  kNoLibrary,         // we have none to load
};
std::string_view to_string(TroubleKind kind);  // "not_a_jvm": a value of a metric's label

struct Trouble {
  TroubleKind kind = TroubleKind::kGone;
  std::string sentence;
  bool operator==(const Trouble&) const = default;
};

template <class T = void>
using Outcome = std::expected<T, Trouble>;

[[nodiscard]] inline std::unexpected<Trouble> trouble(TroubleKind kind, std::string sentence) {
  return std::unexpected(Trouble{kind, std::move(sentence)});
}

// A failed system call on what belongs to the process: "<what>: <text>", with the kind that its errno means.
[[nodiscard]] std::unexpected<Trouble> errno_trouble(std::string_view what, int error);

// kNoDirectory, with what was wrong with the last one tried, if anything.
[[nodiscard]] std::unexpected<Trouble> no_directory(std::string_view last);

// Until the next look. `failures` in a row, 1 or more; `interval` of the rounds.
Duration retry_after(TroubleKind kind, unsigned failures, Duration interval);

}  // namespace invar::java
