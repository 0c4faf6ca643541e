// Bounds of what is taken from a JVM, which is not trusted.   Source: pyroscope-java.md 5, 7.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace invar::java {

inline constexpr std::uint64_t kMostRecordingBytes = std::uint64_t{256} << 20;
inline constexpr std::uint64_t kMostLogBytes = std::uint64_t{64} << 10;
// The JVM ends a recording by itself that long after ours should have ended it.
inline constexpr Duration kGuard = std::chrono::seconds(5);

}  // namespace invar::java
