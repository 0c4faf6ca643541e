// What the arguments say, in async-profiler's own words.  Pure.   Source: pyroscope-java.md 2, 5.2.
#pragma once

#include <string>

#include "base/error.h"
#include "components/pyroscope/java/arguments.h"

namespace invar::components::pyroscope_java {

// "event=itimer,interval=10000000,alloc=512k,lock=10ms,loglevel=INFO", or the custom arguments translated from the launcher's options.
// Errors: what cannot be meant, in a sentence.
Result<std::string> agent_options(const ProfilingConfig& config);

// As async-profiler writes it.
Result<std::string> log_level(std::string_view given);

// Whether the custom arguments ask for this option of the launcher: "--nativelock".
bool has_custom(const ProfilingConfig& config, std::string_view option);

}  // namespace invar::components::pyroscope_java
