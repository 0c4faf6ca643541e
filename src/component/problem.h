// A problem: something that does not work, in a sentence for a person. What shows troubles (health, the head of the status page, the
// API) reads these and nothing else; debug info is for looking closer.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace invar::component {

enum class Severity {
  kDegraded,  // of one target, endpoint or file, or for now: the component does its work otherwise
  kFailing,   // the component does not do its work: it is unhealthy
};
std::string_view to_string(Severity severity);  // "degraded", "failing"

struct Problem {
  Severity severity = Severity::kDegraded;
  std::string what;  // the target, endpoint or file concerned; "": the component itself
  std::string sentence;
  UnixNanos since_unix_ns = 0;  // 0: not known

  bool operator==(const Problem&) const = default;
};

}  // namespace invar::component
