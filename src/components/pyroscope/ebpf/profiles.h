// From the stacks of an interval to profiles: one for each target and kind. Pure; worker threads. Spec: ebpf.md 4.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "components/pyroscope/ebpf/target_index.h"
#include "ebpf/engine.h"

namespace invar::components::pyroscope_ebpf {

struct ProfileSettings {
  int sample_rate = 19;
  bool pid_label = false, comm_label = false, comm_frame = false;
  UnixNanos start_unix_ns = 0;
  Duration duration{};
};

struct MadeProfile {
  Labels labels;
  std::string body;  // gzip
  std::uint64_t samples = 0;
};

std::vector<MadeProfile> make_profiles(const std::vector<ebpf::Stack>& stacks,
                                       const ProfileSettings& settings);

}  // namespace invar::components::pyroscope_ebpf
