// What this process lacks to profile JVMs of other users.   Source: pyroscope-java.md 1; decision 21.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace invar::java {

std::vector<std::string> missing_privileges(std::uint64_t effective_capabilities);  // "SYS_PTRACE", ...
std::vector<std::string> missing_privileges();                                      // of this process

}  // namespace invar::java
