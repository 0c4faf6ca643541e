// Names of classes and libraries that the JVM or a library made up for this run, with the part that changes replaced by "_",
// so that profiles of several runs merge. All other names stay as they are. Source: pyroscope-java.md 8. Threads: pure.
#pragma once

#include <string>

namespace invar::jfr {

// "Shop$$Lambda$669.0x0000000800fd7318" -> "Shop$$Lambda_"
std::string without_generated_parts(std::string name);

}  // namespace invar::jfr
