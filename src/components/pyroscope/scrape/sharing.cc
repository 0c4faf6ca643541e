#include "components/pyroscope/scrape/sharing.h"

#include <algorithm>
#include <unordered_set>

namespace invar::components::pyroscope_scrape {

std::vector<TargetElsewhere> take_out_of_others(std::vector<JobPtr>& jobs,
                                                const component::Ownership& ownership) {
  std::vector<TargetElsewhere> elsewhere;
  std::unordered_set<std::uint64_t> named;
  std::erase_if(jobs, [&](const JobPtr& job) {
    if (ownership.owns(job->target_key)) return false;
    if (named.insert(job->target_key).second) {
      elsewhere.push_back({std::string(job->labels.get("instance")),
                           std::string(job->labels.get(kServiceName)),
                           std::string(ownership.owner(job->target_key)), job->target_key});
    }
    return true;
  });
  return elsewhere;
}

component::TargetsByOwner count_by_owner(const std::vector<JobPtr>& jobs,
                                         const component::Ownership& ownership) {
  component::TargetsByOwner out;
  std::unordered_set<std::uint64_t> counted;
  for (const JobPtr& job : jobs)
    if (counted.insert(job->target_key).second) ++out[std::string(ownership.owner(job->target_key))];
  return out;
}

}  // namespace invar::components::pyroscope_scrape
