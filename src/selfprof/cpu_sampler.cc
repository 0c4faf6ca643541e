#include "selfprof/cpu_sampler.h"

#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <vector>

#include "selfprof/stack_walk.h"

namespace invar::selfprof {
namespace {

constexpr std::size_t kSlots = 2048;

struct Slot {
  std::atomic<bool> full = false;
  std::uint32_t size = 0;
  std::array<std::uintptr_t, kMaxStackDepth> frames;
};

struct Buffer {
  std::atomic<std::uint64_t> next = 0;
  std::atomic<std::uint64_t> dropped = 0;
  std::array<Slot, kSlots> slots;
};

// What the handler sees. A handler counts itself in before it looks at the buffer, so a buffer that has been
// taken away may be freed once nobody is counted in.
std::atomic<Buffer*> g_buffer = nullptr;
std::atomic<int> g_handlers = 0;
std::atomic<bool> g_taken = false;

void on_sigprof(int, siginfo_t*, void* context) {
  const int saved_errno = errno;
  g_handlers.fetch_add(1);
  if (Buffer* buffer = g_buffer.load()) {
    Slot& slot = buffer->slots[buffer->next.fetch_add(1, std::memory_order_relaxed) % kSlots];
    if (slot.full.load(std::memory_order_acquire)) {
      buffer->dropped.fetch_add(1, std::memory_order_relaxed);
    } else {
      slot.size =
          static_cast<std::uint32_t>(walk_interrupted(context, slot.frames.data(), slot.frames.size()));
      slot.full.store(true, std::memory_order_release);
    }
  }
  g_handlers.fetch_sub(1);
  errno = saved_errno;
}

std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

bool set_timer(int hz) {
  itimerval timer{};
  if (hz == 1) {
    timer.it_interval.tv_sec = 1;
  } else if (hz > 1) {
    timer.it_interval.tv_usec = 1'000'000 / hz;
  }
  timer.it_value = timer.it_interval;
  return setitimer(ITIMER_PROF, &timer, nullptr) == 0;
}

class Sampler final : public CpuSampler {
 public:
  explicit Sampler(int hz) : buffer_(std::make_unique<Buffer>()) {
    result_.hz = hz;
    result_.start_unix_ns = clock_ns(CLOCK_REALTIME);
    cpu_start_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    wall_start_ = clock_ns(CLOCK_MONOTONIC);
    g_buffer.store(buffer_.get());
  }

  ~Sampler() override {
    if (buffer_) stop();
  }

  void drain() override {
    for (Slot& slot : buffer_->slots) {
      if (!slot.full.load(std::memory_order_acquire)) continue;
      ++result_.stacks[Stack(slot.frames.begin(), slot.frames.begin() + slot.size)];
      ++result_.samples;
      slot.full.store(false, std::memory_order_release);
    }
  }

  CpuStacks stop() override {
    set_timer(0);
    g_buffer.store(nullptr);
    while (g_handlers.load() != 0) sched_yield();  // a handler takes microseconds
    result_.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_;
    result_.wall_ns = clock_ns(CLOCK_MONOTONIC) - wall_start_;
    drain();
    result_.dropped = buffer_->dropped.load();
    buffer_.reset();
    g_taken.store(false);
    return std::move(result_);
  }

 private:
  std::unique_ptr<Buffer> buffer_;
  std::int64_t cpu_start_ = 0;
  std::int64_t wall_start_ = 0;
  CpuStacks result_;
};

}  // namespace

Result<std::unique_ptr<CpuSampler>> CpuSampler::start(int hz) {
  if (g_taken.exchange(true))
    return fail(ErrorCode::kAlreadyExists, "another CPU profile is already running");
  prepare_stack_walk();
  // The handler stays for good: a signal still under way when sampling ends must not meet the default action,
  // which is death.
  struct sigaction action{};
  action.sa_sigaction = on_sigprof;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  if (sigaction(SIGPROF, &action, nullptr) != 0) {
    g_taken.store(false);
    return std::unexpected(errno_error("cannot handle SIGPROF", errno));
  }
  auto sampler = std::make_unique<Sampler>(hz);
  if (!set_timer(hz)) {
    const int error = errno;
    sampler.reset();
    return std::unexpected(errno_error("cannot start the profiling timer", error));
  }
  return sampler;
}

}  // namespace invar::selfprof
