// Which jobs are this instance's when a cluster shares the targets. Pure, so it may run on the pool. Spec: clustering.md 2.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "component/cluster.h"
#include "component/shared_targets.h"
#include "components/pyroscope/scrape/jobs.h"

namespace invar::components::pyroscope_scrape {

struct TargetElsewhere {
  std::string instance;
  std::string service_name;
  std::string owner;  // "" while the cluster is not ready
  std::uint64_t key = 0;
};

// Takes out the jobs of others, and says whose their targets are, each target once.
std::vector<TargetElsewhere> take_out_of_others(std::vector<JobPtr>& jobs,
                                                const component::Ownership& ownership);

// How many targets of the jobs each node has.
component::TargetsByOwner count_by_owner(const std::vector<JobPtr>& jobs,
                                         const component::Ownership& ownership);

}  // namespace invar::components::pyroscope_scrape
