// Where every thread of this process stands at this moment.
// Each thread gets a real-time signal and answers with its stack; one that blocks the signal is listed
// without frames. Blocks until all have answered or `deadline` has passed: worker pool only. One collection
// at a time; a second waits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "selfprof/cpu_sampler.h"

namespace invar::selfprof {

struct ThreadStack {
  int thread_id = 0;
  std::string name;  // "invar", "worker-1": as the kernel knows it
  Stack stack;       // empty: no answer in time
};

Result<std::vector<ThreadStack>> collect_thread_stacks(Duration deadline);

}  // namespace invar::selfprof
