// From a target to the labels of its profiles, and to the process it names.  Pure.   Source: pyroscope-java.md 3.
#pragma once

#include <string_view>

#include "base/error.h"
#include "component/target.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_java {

// Errors: "could not find PID label", "could not convert process ID to a 32 bit integer: ...".
Result<int> pid_of(const component::Target& target);

// All but `__name__` and `jfr_event`.
Labels labels_of(const component::Target& target, bool scope_labels);

}  // namespace invar::components::pyroscope_java
