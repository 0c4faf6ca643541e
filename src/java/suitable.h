// Whether a process may be attached to: only a HotSpot JVM that listens for it. One that is not, or does not catch SIGQUIT, would die
// of the signal; one that has attaching disabled would print all its threads into its log. Pure.   Source: pyroscope-java.md 5.1.
#pragma once

#include "java/process.h"
#include "java/trouble.h"

namespace invar::java {

Outcome<> check_suitable(const ProcessFacts& facts);

// The async-profiler that is loaded already, as the process sees it; "" when none is.
std::string loaded_profiler(const ProcessFacts& facts);

}  // namespace invar::java
