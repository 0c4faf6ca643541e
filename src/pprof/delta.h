// Agent-side delta: a cumulative profile minus the one before it. Spec: pyroscope-scrape.md 13; how: docs/internals/delta.md.
// Shape:   one DeltaState per (target, profile type): the last accepted baseline, 12-14 bytes a stack,
//          immutable and shared; one DeltaEngine per worker: all scratch.
// Commit:  step() never changes the old state. It returns the delta and the next state, and the caller keeps
//          the next one only after the profile was accepted downstream; when it was not, nothing is lost: the
//          following delta covers both intervals.
// Errors:  the texts of pyroscope-scrape.md 13 and 11; after an error the old state stays valid.
// Threads: an engine belongs to one worker at a time; states may cross threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "pprof/profile.h"

namespace invar::pprof {

class DeltaState;  // opaque; serialisable for the storage directory
using DeltaStatePtr = std::shared_ptr<const DeltaState>;

std::string save_state(const DeltaState& state);
// kDataLoss for anything damaged or of another version.
Result<DeltaStatePtr> load_state(std::string_view bytes);
std::uint64_t state_bytes(const DeltaState& state);  // memory held
// How many processes are known to answer in turn where this series is scraped: 1, or 2 to kMaxBaselines.
std::uint32_t processes(const DeltaState& state);

struct DeltaResult {
  enum class Kind {
    kBaseline,     // first profile: nothing to send
    kDelta,        // `body` is the delta, gzip
    kReset,        // most of the weight fell: `body` holds the new process's own values
    kUnknown,      // one more of several processes, first seen in the middle of its life: nothing to send
    kPassThrough,  // no column of this type matches: send the original untouched
  };
  Kind kind = Kind::kBaseline;
  std::string body;
  DeltaStatePtr next;
  Summary summary;            // of `body` (of the input for kBaseline and kPassThrough)
  bool any_positive = false;  // decision 15, of `body`
  std::uint64_t input_samples = 0;
  std::uint32_t evicted = 0;  // stacks that stayed away for too long, which `next` has forgotten
  std::uint32_t dips =
      0;  // stacks whose counters fell without a restart: they count nothing until they rise above
  bool clock_went_back =
      false;  // the profile is older than its baseline: the delta has no duration of its own
};

class DeltaEngine {
 public:
  DeltaEngine();
  ~DeltaEngine();
  // `body` as received (gzip or plain); `profile_name` is memory, mutex or block; `previous` may be null.
  Result<DeltaResult> step(std::string_view body, std::string_view profile_name,
                           const DeltaStatePtr& previous, std::uint64_t limit_bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True for the names of pyroscope-scrape.md 13: memory, mutex, block.
bool has_delta_columns(std::string_view profile_name);

}  // namespace invar::pprof
