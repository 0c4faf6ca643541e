// From targets to scrape jobs: which URL, with which labels, how long, under which identity. Pure, so it may
// run on the pool. Spec: pyroscope-scrape.md 4-9; decisions 5, 6 and 16. One bad target never disturbs the
// others.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/per_target.h"
#include "components/pyroscope/scrape/arguments.h"
#include "components/pyroscope/scrape/scrape_url.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_scrape {

struct Job {
  Labels labels;  // all of them, hidden ones included; what is pushed
  std::string url;
  std::string name;               // of the profile type; the label __name__, unless the target pins another
  bool agent_delta = false;       // we turn the cumulative profile into a delta
  bool delta_by_target = false;   // godeltaprof: it is one already
  bool asks_for_seconds = false;  // Go then answers with a difference over that time, for these types too
  Duration timeout{};
  // Of public labels and URL: the phase, and with `names` the key of the running loop.
  std::uint64_t identity = 0;
  std::string names;             // the profile type, and the __name__ that the target pins when it is another
  std::uint64_t target_key = 0;  // of the target's labels but __meta_: who owns it in a cluster
};
using JobPtr = std::shared_ptr<const Job>;

struct BadTarget {
  std::string target;  // its labels in text form
  std::string message;
};

// What one target gives, whatever others there are.
struct TargetJobs {
  std::uint64_t target_key = 0;
  std::vector<JobPtr> jobs;
  std::optional<BadTarget> bad;
};
using TargetJobsPtr = std::shared_ptr<const TargetJobs>;

struct JobList {
  std::vector<JobPtr> jobs;
  std::vector<BadTarget> bad;
  std::size_t duplicate_targets = 0;  // equal but for __meta_ labels; the first one wins
};

// What of the arguments decides about jobs.
struct JobSettings {
  std::string job_name;  // effective: "" adds no label
  Params params;
  Duration scrape_interval{};
  Duration scrape_timeout{};
  Duration delta_duration{};
  std::string scheme;
  ProfilingConfig profiling;
  bool scope_labels = false;
  bool operator==(const JobSettings&) const = default;
};
JobSettings job_settings(const Arguments& arguments, std::string_view component_id);

// Of each target; of those that are the same object in `before`, which was made with the same settings, what it was then.
using JobsByTarget = component::PerTarget<TargetJobsPtr>;
JobsByTarget make_target_jobs(const component::Targets& targets, const JobSettings& settings,
                              const JobsByTarget& before);
// Without what is there twice.
JobList list_jobs(const JobsByTarget& made);

// clustering.md 2: the key by which targets are shared out and duplicates are found.
std::uint64_t target_key(const Labels& target);

// pyroscope-scrape.md 7: from the target's original labels.
std::string infer_service_name(const Labels& target);

// pyroscope-scrape.md 8: FNV-1a of the hex of the public labels' hash, then the URL.
std::uint64_t job_identity(const Labels& labels, std::string_view url);

// How far apart phases are: a quarter of a second, in short intervals a 16th. Jobs of one phase are taken in one go: fewer
// wake-ups, warm caches (docs/benchmarks/end_to_end.md).
constexpr Duration phase_step(Duration interval) {
  return std::clamp(interval / 16, Duration(1), Duration(std::chrono::milliseconds(250)));
}

// From `unix_ns` to the next instant of the job's phase (identity mod interval, rounded down to a step), in [0, interval).
Duration until_phase(std::uint64_t identity, UnixNanos unix_ns, Duration interval);

}  // namespace invar::components::pyroscope_scrape
