// The shortest time between two looks at anything. An argument that asks for less would keep a core busy; it is not taken as written.
// Threads: any. Source: discovery.md 2.
#pragma once

#include "base/log.h"
#include "base/time.h"

namespace invar::component {

inline constexpr Duration kShortestInterval = std::chrono::milliseconds(100);

// `wanted`, or the shortest interval with a warning that says so. Zero and below, where they mean never, stay.
Duration usable_interval(Duration wanted, const log::Logger& logger);

}  // namespace invar::component
