// The profile types of one component: the nine fixed ones, then the custom ones, always in the same order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "components/pyroscope/scrape/arguments.h"

namespace invar::components::pyroscope_scrape {

struct ProfileType {
  std::string name;  // of the block; godeltaprof_* become memory, mutex or block when scraped
  std::string path;
  bool enabled = false;
  bool delta = false;
};

std::vector<ProfileType> profile_types(const ProfilingConfig& config);

// The same, with what may run beside another: of two enabled types that are sent under one name, the one whose delta the
// target computes (godeltaprof_memory before memory) is scraped; the other counts as disabled.
std::vector<ProfileType> scraped_types(const ProfilingConfig& config);
bool is_fixed_name(std::string_view name);

// "godeltaprof_memory" -> "memory": the target has computed the delta. Other names: "".
std::string_view computed_delta_name(std::string_view name);

}  // namespace invar::components::pyroscope_scrape
