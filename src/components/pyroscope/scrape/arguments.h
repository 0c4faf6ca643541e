// Arguments of pyroscope.scrape as the user writes them, with their schema and checks. Defaults are the members' initialisers.
// Errors: the texts of pyroscope-scrape.md 3, in its order; what is only odd is in warnings().
// Threads: any; values.
// Spec: pyroscope-scrape.md 2, 3; decisions 3, 5, 8.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/target.h"
#include "http/client.h"
#include "pipeline/profile.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_scrape {

struct ProfileSettings {
  bool enabled = false;
  std::string path;
  bool delta = false;  // the target measures for a while: the request carries `seconds`
  bool operator==(const ProfileSettings&) const = default;
};

// The fixed blocks, in the order in which jobs are made.
enum class FixedType {
  kMemory,
  kBlock,
  kGoroutine,
  kMutex,
  kProcessCpu,
  kFgprof,
  kGodeltaprofMemory,
  kGodeltaprofMutex,
  kGodeltaprofBlock,
};
ProfileSettings default_settings(FixedType type);

// Each fixed block has defaults of its own, so each is a type of its own.
template <FixedType kType>
struct FixedProfile : ProfileSettings {
  FixedProfile() : ProfileSettings(default_settings(kType)) {}
  bool operator==(const FixedProfile&) const = default;
};

struct CustomProfile : ProfileSettings {
  std::string name;
  bool operator==(const CustomProfile&) const = default;
};

struct ProfilingConfig {
  std::string path_prefix;
  FixedProfile<FixedType::kMemory> memory;
  FixedProfile<FixedType::kBlock> block;
  FixedProfile<FixedType::kGoroutine> goroutine;
  FixedProfile<FixedType::kMutex> mutex;
  FixedProfile<FixedType::kProcessCpu> process_cpu;
  FixedProfile<FixedType::kFgprof> fgprof;
  FixedProfile<FixedType::kGodeltaprofMemory> godeltaprof_memory;
  FixedProfile<FixedType::kGodeltaprofMutex> godeltaprof_mutex;
  FixedProfile<FixedType::kGodeltaprofBlock> godeltaprof_block;
  std::vector<CustomProfile> custom;
  bool operator==(const ProfilingConfig&) const = default;
};

struct Clustering {
  bool enabled = false;
  bool operator==(const Clustering&) const = default;
};

constexpr Duration kDefaultTimeout = std::chrono::seconds(18);
// A shorter one would keep a core busy with scrapes alone.
constexpr Duration kMinInterval = std::chrono::milliseconds(100);

struct Arguments {
  component::FlattenedTargets targets;
  std::vector<pipeline::ReceiverPtr> forward_to;
  std::optional<std::string> job_name;  // none: the component's id
  std::map<std::string, std::vector<std::string>> params;
  Duration scrape_interval = std::chrono::seconds(15);
  std::optional<Duration> scrape_timeout;            // none: kDefaultTimeout
  std::optional<Duration> delta_profiling_duration;  // none: scrape_interval - 1s
  std::string scheme = "http";
  http::ClientConfig client;
  Clustering clustering;
  ProfilingConfig profiling;
  std::uint64_t max_profile_bytes = std::uint64_t{64} << 20;
  std::uint64_t sample_limit = 0;
  bool scope_labels = false;
  bool per_target_metrics = false;
  bool operator==(const Arguments&) const = default;

  // The values in force.
  [[nodiscard]] Duration interval() const { return std::max(scrape_interval, kMinInterval); }
  [[nodiscard]] Duration timeout() const { return scrape_timeout.value_or(kDefaultTimeout); }
  [[nodiscard]] Duration delta_duration() const {
    return delta_profiling_duration.value_or(interval() - std::chrono::seconds(1));
  }
};

const syntax::Schema& arguments_schema();

// What the file accepts but a person should know: sentences for the log, about nothing that was not written.
std::vector<std::string> warnings(const Arguments& arguments);

}  // namespace invar::components::pyroscope_scrape
