// Stacks with numbers to a gzipped pprof profile. Threads: any (the Symbolizer locks); blocks while symbolising.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pprof/profile.h"
#include "selfprof/cpu_sampler.h"
#include "selfprof/heap_dump.h"
#include "selfprof/thread_stacks.h"
#include "symbols/symbolizer.h"

namespace invar::selfprof {

pprof::Profile cpu_profile(const CpuStacks& stacks, symbols::Symbolizer& symbolizer);
// `allocs`: shown by allocated bytes instead of bytes in use.
pprof::Profile heap_profile(const HeapDump& dump, bool allocs, UnixNanos now_unix_ns,
                            symbols::Symbolizer& symbolizer);
pprof::Profile thread_profile(const std::vector<ThreadStack>& threads, UnixNanos now_unix_ns,
                              symbols::Symbolizer& symbolizer);
// `mutex` and `block`: the columns that readers expect, and no sample.
pprof::Profile empty_contention_profile(UnixNanos now_unix_ns);

std::string pack(const pprof::Profile& profile);  // gzip

}  // namespace invar::selfprof
