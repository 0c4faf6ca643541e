// Invar's own profiles, in pprof form: where its CPU time goes, what its memory is, where its threads stand.
// Shape:    gzipped pprof, symbolised with function, file, line and inlined frames.
// Cost:     nothing while unused (no timer, no handler, no memory but the symbols seen so far); at 100 Hz below 1 % of the CPU.
// Threads:  loop thread only; `done` runs later on the loop. Symbolising and packing happen on the pool.
// Errors:   kAlreadyExists from cpu() while a CPU profile runs (the signal and its timer belong to the process);
//           kUnsupported from kHeap and kAllocs where the allocator was started without profiling.
// Lifetime: `done` is not called once the Capture (cpu) or the SelfProfiler (snapshot) is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/error.h"
#include "base/time.h"
#include "selfprof/heap_dump.h"

namespace invar::symbols {
class Symbolizer;
}

namespace invar::selfprof {

enum class Snapshot {
  kHeap,       // shown as memory in use
  kAllocs,     // the same data, shown as memory ever allocated
  kGoroutine,  // one stack per thread
  kMutex,      // valid and without samples: contention is not measured
  kBlock,      // likewise
};

struct SnapshotRequest {
  Snapshot kind = Snapshot::kHeap;
  // Above zero: what changes in this time instead of what is; not for kGoroutine (kUnsupported).
  Duration over{};
  bool text = false;  // for people, instead of pprof
};

class SelfProfiler {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;

  // A CPU profile under way; destroying it ends it without a result.
  class Capture {
   public:
    virtual ~Capture() = default;
  };

  SelfProfiler(async::Loop& loop, async::WorkerPool& pool);
  ~SelfProfiler();

  Result<std::unique_ptr<Capture>> cpu(Duration duration, Done done);
  void snapshot(Snapshot kind, Done done) { snapshot({.kind = kind}, std::move(done)); }
  void snapshot(const SnapshotRequest& request, Done done);

 private:
  void finish(const SnapshotRequest& request, HeapDump start, Done done);

  async::Loop& loop_;
  async::WorkerPool& pool_;
  std::shared_ptr<symbols::Symbolizer> symbolizer_;
  async::Alive alive_;
};

// The arguments of this process, separated by NUL.
std::string command_line();

}  // namespace invar::selfprof
