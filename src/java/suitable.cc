#include "java/suitable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace invar::java {
namespace {

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool maps(const ProcessFacts& facts, std::string_view name) {
  return std::ranges::any_of(
      facts.libraries, [&](const std::string& library) { return file_name(library).starts_with(name); });
}

// What stands last counts, as in the JVM.
bool is_set(const ProcessFacts& facts, std::string_view option) {
  const std::string on = fmt::format("-XX:+{}", option), off = fmt::format("-XX:-{}", option);
  bool set = false;
  for (const std::string& given : facts.options) {
    if (given == on) set = true;
    if (given == off) set = false;
  }
  return set;
}

}  // namespace

Outcome<> check_suitable(const ProcessFacts& facts) {
  if (facts.inner_pid == 0)
    return trouble(TroubleKind::kUnsupported,
                   "the kernel does not tell the process's own id: Linux 4.1 is needed");
  if (maps(facts, "libj9vm")) return trouble(TroubleKind::kUnsupported, "OpenJ9 is not supported");
  if (!maps(facts, "libjvm.so"))
    return trouble(TroubleKind::kNotJvm, "not a HotSpot JVM: libjvm.so is not loaded");
  if (is_set(facts, "DisableAttachMechanism"))
    return trouble(TroubleKind::kAttachDisabled, "attaching is disabled by -XX:+DisableAttachMechanism");
  if (std::ranges::find(facts.options, "-Xrs") != facts.options.end() || is_set(facts, "ReduceSignalUsage"))
    return trouble(TroubleKind::kAttachDisabled, "attaching is disabled by -Xrs");
  if (!facts.catches_quit) return trouble(TroubleKind::kNotJvm, "not ready: it does not catch SIGQUIT (yet)");
  if (facts.is_stopped) return trouble(TroubleKind::kNoAnswer, "JVM does not answer: it is stopped");
  return {};
}

std::string loaded_profiler(const ProcessFacts& facts) {
  constexpr std::string_view kDeleted = " (deleted)";
  for (const std::string& library : facts.libraries) {
    if (!file_name(library).starts_with("libasyncProfiler")) continue;
    return library.ends_with(kDeleted) ? library.substr(0, library.size() - kDeleted.size()) : library;
  }
  return {};
}

}  // namespace invar::java
