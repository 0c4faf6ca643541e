// pyroscope.java: CPU, allocation and lock profiles of JVMs that know nothing of it.
// User's page: docs/reference/components/pyroscope.java.md.
// Inside:   profiler.h keeps a jvm_loop.h (its states) per process; conversions.h makes profiles of recordings.
// Threads:  loop thread; JVMs are attached to on a pool of its own (src/java).
// Lifetime: stopped before it is destroyed. Spec: pyroscope-java.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_java {

component::Registration registration();

}  // namespace invar::components::pyroscope_java
