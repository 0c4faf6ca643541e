// The work on one scraped body: check that it is a profile, and turn a cumulative one into a delta. Runs on
// the worker pool, or on the loop (WorkerPool::run_brief); scratch memory belongs to the thread. Threads: any; pure but
// for the thread's scratch. Spec: pyroscope-scrape.md 11-13.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "components/pyroscope/scrape/outcome.h"
#include "pprof/delta.h"

namespace invar::components::pyroscope_scrape {

struct ProcessInput {
  std::string body;
  std::string content_type, content_encoding;
  std::string profile_name;
  bool agent_delta = false;
  bool asks_for_seconds = false;  // of a delta type: what says how long it lasted is a difference already
  pprof::DeltaStatePtr previous;
  std::uint64_t max_profile_bytes = 0;
  std::uint64_t sample_limit = 0;
  UnixNanos now_unix_ns = 0;
  Duration cpu{};  // out: what process() took of its thread
};

// What metrics, log and page say about counters that did not simply grow.
struct DeltaEvents {
  bool restart = false;     // most of the weight fell: the target has restarted, `body` is what it did since
  bool unknown = false;     // one more process at the same address, first seen: nothing was sent
  bool clock_back = false;  // the target's clock was set back
  std::uint32_t dips = 0;   // stacks whose counters fell without a restart, and count nothing for now
  std::uint32_t processes = 1;  // that are known to answer in turn
  bool operator==(const DeltaEvents&) const = default;
};

struct Processed {
  std::string body;            // what is to be pushed
  bool is_delta = false;       // `body` is a delta, of ours or of the target
  bool baseline_only = false;  // first profile of a delta type: nothing to push
  DeltaEvents events;          // what was odd about the counters
  bool any_positive = false;   // decision 15: else it is not pushed
  bool lacks_time = false;     // the target wrote no time_nanos: the receiver's side stamps it
  UnixNanos time_unix_ns = 0;  // as the target wrote it
  bool restamped = false;      // that was nonsense: the body has the time of the scrape instead
  std::uint64_t samples = 0;
  std::uint32_t evicted = 0;  // stacks that the baseline forgot
  pprof::DeltaStatePtr next;  // to be kept once the profile was accepted
  Duration delta_time{};      // CPU-heavy part, for the metric
};

// Takes the body out of `input` when it is what gets pushed; after an error `input` is as before.
std::expected<Processed, ScrapeError> process(ProcessInput& input);

}  // namespace invar::components::pyroscope_scrape
