#include "selfprof/selfprof.h"

#include <unistd.h>

#include <utility>

#include "base/proc_file.h"
#include "selfprof/cpu_sampler.h"
#include "selfprof/profile_builder.h"
#include "selfprof/profile_text.h"
#include "selfprof/thread_stacks.h"
#include "symbols/symbolizer.h"

namespace invar::selfprof {
namespace {

constexpr int kHz = 100;
constexpr Duration kThreadDeadline = std::chrono::milliseconds(500);

class CpuCapture final : public SelfProfiler::Capture {
 public:
  CpuCapture(std::unique_ptr<CpuSampler> sampler, async::Loop& loop, async::WorkerPool& pool,
             std::shared_ptr<symbols::Symbolizer> symbolizer, Duration duration, SelfProfiler::Done done)
      : sampler_(std::move(sampler)),
        pool_(pool),
        symbolizer_(std::move(symbolizer)),
        done_(std::move(done)),
        drain_(loop),
        end_(loop) {
    drain_later();
    end_.arm_after(duration, [this] { finish(); });
  }

 private:
  void drain_later() {
    drain_.arm_after(kDrainInterval, [this] {
      sampler_->drain();
      drain_later();
    });
  }

  void finish() {
    drain_.cancel();
    pool_.run([stacks = sampler_->stop(),
               symbolizer = symbolizer_] { return pack(cpu_profile(stacks, *symbolizer)); },
              alive_.bind([this](std::string profile) {
                auto done = std::move(done_);  // it may destroy this capture
                done(std::move(profile));
              }));
    sampler_.reset();
  }

  std::unique_ptr<CpuSampler> sampler_;
  async::WorkerPool& pool_;
  std::shared_ptr<symbols::Symbolizer> symbolizer_;
  SelfProfiler::Done done_;
  async::Timer drain_;
  async::Timer end_;
  async::Alive alive_;
};

bool is_heap(Snapshot kind) {
  return kind == Snapshot::kHeap || kind == Snapshot::kAllocs;
}

// What a change is measured from; empty for profiles without samples.
Result<HeapDump> take_start(Snapshot kind) {
  return is_heap(kind) ? dump_heap() : Result<HeapDump>(HeapDump{});
}

Result<pprof::Profile> take_profile(const SnapshotRequest& request, const HeapDump& start, UnixNanos now,
                                    symbols::Symbolizer& symbolizer) {
  if (is_heap(request.kind)) {
    INVAR_ASSIGN_OR_RETURN(HeapDump dump, dump_heap());
    if (request.over > Duration::zero()) dump = heap_change(start, std::move(dump));
    return heap_profile(dump, request.kind == Snapshot::kAllocs, now, symbolizer);
  }
  if (request.kind == Snapshot::kGoroutine) {
    INVAR_ASSIGN_OR_RETURN(const std::vector<ThreadStack> threads, collect_thread_stacks(kThreadDeadline));
    return thread_profile(threads, now, symbolizer);
  }
  return empty_contention_profile(now);
}

Result<std::string> take(const SnapshotRequest& request, const HeapDump& start, UnixNanos now,
                         symbols::Symbolizer& symbolizer) {
  INVAR_ASSIGN_OR_RETURN(pprof::Profile profile, take_profile(request, start, now, symbolizer));
  profile.duration_ns = request.over.count();
  return request.text ? profile_text(profile) : pack(profile);
}

}  // namespace

SelfProfiler::SelfProfiler(async::Loop& loop, async::WorkerPool& pool)
    : loop_(loop), pool_(pool), symbolizer_(std::make_shared<symbols::Symbolizer>(getpid())) {}
SelfProfiler::~SelfProfiler() = default;

Result<std::unique_ptr<SelfProfiler::Capture>> SelfProfiler::cpu(Duration duration, Done done) {
  INVAR_ASSIGN_OR_RETURN(auto sampler, CpuSampler::start(kHz));
  return std::make_unique<CpuCapture>(std::move(sampler), loop_, pool_, symbolizer_, duration,
                                      std::move(done));
}

void SelfProfiler::snapshot(const SnapshotRequest& request, Done done) {
  if (request.over <= Duration::zero()) return finish(request, {}, std::move(done));
  if (request.kind == Snapshot::kGoroutine) {
    loop_.post(alive_.bind([done = std::move(done)]() mutable {
      done(fail(ErrorCode::kUnsupported, "threads have stacks, and no change of them over time"));
    }));
    return;
  }
  pool_.run([kind = request.kind] { return take_start(kind); },
            alive_.bind([this, request, done = std::move(done)](Result<HeapDump> start) mutable {
              if (!start) return done(std::unexpected(std::move(start).error()));
              loop_.schedule_after(request.over, alive_.bind([this, request, start = std::move(*start),
                                                              done = std::move(done)]() mutable {
                finish(request, std::move(start), std::move(done));
              }));
            }));
}

void SelfProfiler::finish(const SnapshotRequest& request, HeapDump start, Done done) {
  pool_.run(
      [request, start = std::move(start), now = loop_.unix_ns(), symbolizer = symbolizer_] {
        return take(request, start, now, *symbolizer);
      },
      alive_.bind([done = std::move(done)](Result<std::string> result) mutable { done(std::move(result)); }));
}

std::string command_line() {
  std::string out = read_proc_file("/proc/self/cmdline");
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}

}  // namespace invar::selfprof
