// What becomes of which events: the tables of pyroscope-java.md 8. An event of no row is in no profile.
// Threads: pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "pprof/profile.h"

namespace invar::jfr {

enum class ProfileKind : std::size_t {
  kCpu,
  kWall,
  kInNewTlab,
  kOutsideTlab,
  kAllocationSample,
  kLive,
  kLiveSized,  // with bytes
  kMalloc,
  kMonitor,
  kPark,
  kNativeLock,
};
inline constexpr std::size_t kProfileKinds = 11;

struct ProfileShape {
  std::string_view name;            // `__name__`
  pprof::SampleType first, second;  // the second may be empty: the profile has one type then
  pprof::SampleType period;         // may be empty
};
const ProfileShape& shape(ProfileKind kind);

// The different ones of all kinds.
std::span<const std::string_view> profile_names();

enum class EventKind : std::size_t {
  kExecution,
  kWallClock,
  kInNewTlab,
  kOutsideTlab,
  kAllocationSample,
  kLive,
  kMalloc,
  kMonitor,
  kPark,
  kNativeLock,
};
inline constexpr std::size_t kEventKinds = 10;

struct EventShape {
  std::string_view event;
  ProfileKind profile;
  std::string_view amount;  // the field of the second value; empty: none
  bool is_ticks = false;    // it is a duration
};
const std::array<EventShape, kEventKinds>& event_shapes();

}  // namespace invar::jfr
