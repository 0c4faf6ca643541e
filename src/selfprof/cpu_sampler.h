// CpuSampler: stacks of whatever this process runs, taken by SIGPROF after every 1/hz seconds of its CPU
// time. Threads: one owner; the handler runs on any thread and writes into preallocated slots without locks.
// Errors:  kAlreadyExists while another sampler lives.
// Units:   the kernel may deliver fewer signals than asked for (its own tick caps them), and a slot may be
// missing: a stack's
//          share of the CPU time is its share of the signals, and cpu_ns is measured, not counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::selfprof {

using Stack = std::vector<std::uintptr_t>;  // leaf first

struct CpuStacks {
  std::map<Stack, std::uint64_t> stacks;
  std::uint64_t samples = 0;  // signals whose stack was kept
  std::uint64_t dropped = 0;  // signals that found every slot taken
  std::int64_t cpu_ns = 0;    // of the whole process while sampling
  std::int64_t wall_ns = 0;
  UnixNanos start_unix_ns = 0;
  int hz = 0;
};

class CpuSampler {
 public:
  static Result<std::unique_ptr<CpuSampler>> start(int hz);
  virtual ~CpuSampler() = default;
  virtual void drain() = 0;      // empties the slots; kDrainInterval keeps up with 100 busy cores
  virtual CpuStacks stop() = 0;  // once
};

inline constexpr Duration kDrainInterval = std::chrono::milliseconds(200);

}  // namespace invar::selfprof
