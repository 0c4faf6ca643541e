// Verdict and problems: what the Overview says, from the jobs as they were collected and the components as they are. Sentences claim what
// the data show and nothing more. Threads: loop thread for look_at(), the rest is pure. Source: web-api.md 3.
#pragma once

#include <string>
#include <vector>

#include "webapi/host.h"
#include "webapi/target_view.h"

namespace invar::webapi {

struct Cause {
  bool failing = true;  // else degraded
  std::string kind;     // "targets", "endpoint", "component", "configuration", "cluster"
  std::string component, cause, text;
  std::uint64_t count = 1, of = 0;
  UnixNanos since_unix_ns = 0;
  std::vector<std::string> what;
};

// What there is besides the jobs.
struct Surroundings {
  std::size_t components = 0, unhealthy = 0;
  std::size_t outlets = 0, refusing_outlets = 0;
  std::uint64_t taken = 0, delivered = 0, queued = 0;
  bool receives = false;      // some source other than scraping
  std::vector<Cause> causes;  // but those of jobs
};
Surroundings look_at(const ApiHost& host);

// Those of jobs and the others, the worst first.
std::vector<Cause> all_causes(const TargetView& by_cause, const Surroundings& around);
TargetQuery query_of_causes();

struct Verdict {
  std::string_view state;  // "ok", "late", "failing", "empty"
  std::string text;
};
Verdict judge(const StateCounts& counts, const Surroundings& around);

std::string verdict_json(const StateCounts& counts, const Surroundings& around, const ApiHost& host);
std::string problems_json(const std::vector<Cause>& causes, std::size_t limit);

}  // namespace invar::webapi
