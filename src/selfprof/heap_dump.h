// The allocator's sampled backtraces (jemalloc heap profiling) as numbers.
// parse_heap_dump() is pure; dump_heap() asks the allocator and blocks: worker pool only.
// Units: objects and bytes are scaled up from the samples, as readers of the text form do it: n / (1 -
// e^(-size/period)). Errors: kUnsupported when the allocator runs without profiling; kDataLoss for text that
// is not a dump.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "selfprof/cpu_sampler.h"

namespace invar::selfprof {

struct HeapSite {
  Stack stack;  // return addresses, the allocator's own frames first
  std::int64_t inuse_objects = 0, inuse_bytes = 0;
  std::int64_t alloc_objects = 0, alloc_bytes = 0;
};

struct HeapDump {
  std::int64_t period_bytes = 0;
  std::vector<HeapSite> sites;
};

Result<HeapDump> parse_heap_dump(std::string_view text);
Result<HeapDump> dump_heap();
// What happened between two dumps, site by site; memory that was given back counts below zero.
HeapDump heap_change(const HeapDump& before, HeapDump after);

}  // namespace invar::selfprof
