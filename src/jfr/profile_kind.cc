#include "jfr/profile_kind.h"

namespace invar::jfr {

const ProfileShape& shape(ProfileKind kind) {
  static const std::array<ProfileShape, kProfileKinds> shapes = {{
      {"process_cpu", {"cpu", "nanoseconds"}, {}, {"cpu", "nanoseconds"}},
      {"wall", {"wall", "nanoseconds"}, {}, {"wall", "nanoseconds"}},
      {"memory",
       {"alloc_in_new_tlab_objects", "count"},
       {"alloc_in_new_tlab_bytes", "bytes"},
       {"space", "bytes"}},
      {"memory",
       {"alloc_outside_tlab_objects", "count"},
       {"alloc_outside_tlab_bytes", "bytes"},
       {"space", "bytes"}},
      {"memory", {"alloc_sample_objects", "count"}, {"alloc_sample_bytes", "bytes"}, {"space", "bytes"}},
      {"memory", {"live", "count"}, {}, {"objects", "count"}},
      {"memory", {"live", "count"}, {"live_bytes", "bytes"}, {"objects", "count"}},
      {"memory", {"malloc_objects", "count"}, {"malloc_bytes", "bytes"}, {}},
      {"mutex", {"contentions", "count"}, {"delay", "nanoseconds"}, {"mutex", "count"}},
      {"block", {"contentions", "count"}, {"delay", "nanoseconds"}, {"block", "count"}},
      {"native_lock", {"contentions", "count"}, {"delay", "nanoseconds"}, {"mutex", "count"}},
  }};
  return shapes[static_cast<std::size_t>(kind)];
}

std::span<const std::string_view> profile_names() {
  static constexpr std::array<std::string_view, 6> kNames = {"process_cpu", "wall",  "memory",
                                                             "mutex",       "block", "native_lock"};
  return kNames;
}

const std::array<EventShape, kEventKinds>& event_shapes() {
  static const std::array<EventShape, kEventKinds> shapes = {{
      {"jdk.ExecutionSample", ProfileKind::kCpu, ""},
      {"profiler.WallClockSample", ProfileKind::kWall, ""},
      {"jdk.ObjectAllocationInNewTLAB", ProfileKind::kInNewTlab, "tlabSize"},
      {"jdk.ObjectAllocationOutsideTLAB", ProfileKind::kOutsideTlab, "allocationSize"},
      {"jdk.ObjectAllocationSample", ProfileKind::kAllocationSample, "weight"},
      {"profiler.LiveObject", ProfileKind::kLive, "allocationSize"},
      {"profiler.Malloc", ProfileKind::kMalloc, "size"},
      {"jdk.JavaMonitorEnter", ProfileKind::kMonitor, "duration", true},
      {"jdk.ThreadPark", ProfileKind::kPark, "duration", true},
      {"profiler.NativeLock", ProfileKind::kNativeLock, "duration", true},
  }};
  return shapes;
}

}  // namespace invar::jfr
