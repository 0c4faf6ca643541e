// Real profiles of this test program, read back with our own reader and with `go tool pprof`.
#include "selfprof/selfprof.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "codec/gzip.h"
#include "pprof/profile.h"
#include "selfprof/heap_dump.h"
#include "selfprof/thread_stacks.h"

// The settings of the real program, with more frequent samples: a small test must see its allocations.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "prof:true,prof_active:true,prof_accum:true,lg_prof_sample:12";
}

#if defined(__SANITIZE_ADDRESS__)
#define INVAR_TEST_OWN_ALLOCATOR \
  0  // the sanitizer's allocator stands in for jemalloc: there is nothing to profile
#define INVAR_TEST_PROMPT_SIGNALS 1
#elif defined(__SANITIZE_THREAD__)
#define INVAR_TEST_OWN_ALLOCATOR 0
#define INVAR_TEST_PROMPT_SIGNALS \
  0  // the sanitizer holds signals back until the thread calls into it: stacks are others'
#else
#define INVAR_TEST_OWN_ALLOCATOR 1
#define INVAR_TEST_PROMPT_SIGNALS 1
#endif

namespace invar::selfprof {

// Outside the anonymous namespace: their names are looked for in the profiles.
__attribute__((always_inline)) inline double inlined_arithmetic(double x) {
  for (int i = 0; i < 1000; ++i) x = std::sqrt(x + i);
  return x;
}
__attribute__((noinline)) double burn_cpu(const std::atomic<bool>& stop) {
  double x = 1;
  while (!stop.load(std::memory_order_relaxed)) x = inlined_arithmetic(x);
  return x;
}
__attribute__((noinline)) std::unique_ptr<char[]> allocate_much(std::size_t bytes) {
  return std::make_unique<char[]>(bytes);
}
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool waiting = false, open = false;
};
__attribute__((noinline)) void wait_at_the_gate(Gate& gate) {
  std::unique_lock lock(gate.mutex);
  gate.waiting = true;
  gate.changed.notify_all();
  gate.changed.wait(lock, [&] { return gate.open; });
}

namespace {

using std::chrono::milliseconds;

Result<pprof::Profile> unpack(const std::string& packed) {
  std::string raw;
  INVAR_TRY(codec::Inflater().gunzip(packed, 64 << 20, raw));
  return pprof::parse(raw);
}

::testing::AssertionResult valid(const std::string& packed) {
  const auto profile = unpack(packed);
  if (profile) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << profile.error().message << "; " << packed.substr(0, 200);
}

// Sum of column `column` over the samples with the function anywhere on their stack.
std::int64_t total(const pprof::Profile& p, std::string_view function, std::size_t column) {
  std::set<std::uint64_t> functions, locations;
  for (const auto& f : p.functions) {
    if (f.name.find(function) != std::string::npos) functions.insert(f.id);
  }
  for (const auto& l : p.locations) {
    if (std::ranges::any_of(l.lines,
                            [&](const auto& line) { return functions.contains(line.function_id); })) {
      locations.insert(l.id);
    }
  }
  std::int64_t sum = 0;
  for (const auto& s : p.samples) {
    if (std::ranges::any_of(s.location_ids, [&](auto id) { return locations.contains(id); }))
      sum += s.values.at(column);
  }
  return sum;
}

// A profiler on a loop and a worker of its own, run until one profile is there.
std::string profile(const std::function<void(SelfProfiler&, SelfProfiler::Done)>& start) {
  const auto loop = async::RealLoop::create();
  const auto pool = async::make_worker_pool(*loop, 1, "worker");
  SelfProfiler profiler(*loop, *pool);
  std::string out;
  start(profiler, [&](Result<std::string> result) {
    out = result ? std::move(*result) : "error: " + result.error().message;
    loop->stop();
  });
  loop->run();
  return out;
}

std::string cpu(Duration duration) {
  std::shared_ptr<SelfProfiler::Capture> capture;
  return profile([&](SelfProfiler& profiler, SelfProfiler::Done done) {
    capture = *profiler.cpu(duration, std::move(done));
  });
}

std::string snapshot(Snapshot kind) {
  return profile(
      [&](SelfProfiler& profiler, SelfProfiler::Done done) { profiler.snapshot(kind, std::move(done)); });
}

// What `go tool pprof -top` prints for a profile; nullopt without a Go installation.
[[maybe_unused]] std::optional<std::string> go_top(const std::string& packed, const std::string& flags) {
  if (std::system("command -v go >/dev/null 2>&1") != 0) return std::nullopt;
  const std::string path = ::testing::TempDir() + "/selfprof-" + std::to_string(getpid()) + ".pb.gz";
  std::ofstream(path, std::ios::binary) << packed;
  std::string out;
  if (FILE* pipe = popen(("go tool pprof -top " + flags + " " + path + " 2>&1").c_str(), "r")) {
    std::array<char, 4096> buffer;
    while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
    pclose(pipe);
  }
  unlink(path.c_str());
  return out;
}

TEST(SelfProf, CpuProfileNamesTheBusyFunctionAndItsInlinedOnes) {
  std::atomic<bool> stop = false;
  std::thread busy([&] { burn_cpu(stop); });
  const std::string packed = cpu(milliseconds(600));
  stop = true;
  busy.join();

  const auto p = unpack(packed);
  ASSERT_TRUE(p) << packed.substr(0, 200);
  EXPECT_EQ(p->sample_types, (std::vector<pprof::SampleType>{{"samples", "count"}, {"cpu", "nanoseconds"}}));
  EXPECT_EQ(p->period, 10'000'000);
  EXPECT_GE(p->duration_ns, 600'000'000);
  EXPECT_GT(p->time_unix_ns, 1'700'000'000'000'000'000);
#if INVAR_TEST_PROMPT_SIGNALS
  std::int64_t all = 0;
  for (const auto& s : p->samples) all += s.values[1];
  ASSERT_GT(all, 0);
  EXPECT_GT(total(*p, "burn_cpu", 1), all / 2);
  EXPECT_GT(total(*p, "inlined_arithmetic", 1), all / 2);
  for (const auto& f : p->functions) {
    if (f.name != "invar::selfprof::burn_cpu") continue;
    EXPECT_TRUE(f.filename.ends_with("selfprof/selfprof_test.cc")) << f.filename;
    EXPECT_GT(f.start_line, 0);
  }
  if (const auto top = go_top(packed, "-cum")) {
    EXPECT_NE(top->find("invar::selfprof::burn_cpu"), std::string::npos) << *top;
    EXPECT_NE(top->find("inlined_arithmetic"), std::string::npos) << *top;
  }
#endif
}

TEST(SelfProf, CpuTimeIsWhatTheProcessReallyUsed) {
  std::atomic<bool> stop = false;
  std::thread busy([&] { burn_cpu(stop); });
  const clock_t before = clock();
  const auto p = unpack(cpu(milliseconds(300)));
  const double used_ns = static_cast<double>(clock() - before) * 1e9 / CLOCKS_PER_SEC;
  stop = true;
  busy.join();
  ASSERT_TRUE(p);
  double all = 0;
  for (const auto& s : p->samples) all += static_cast<double>(s.values[1]);
  // Symbolising comes after the sampling and is not in the profile, so the profile may only be smaller.
  EXPECT_LE(all, used_ns * 1.05);
  if (!p->samples.empty()) {
    EXPECT_GT(all, 0.01 * 300e6);
  }
}

TEST(SelfProf, OnlyOneCpuProfileAtATime) {
  const auto loop = async::RealLoop::create();
  const auto pool = async::make_worker_pool(*loop, 1, "worker");
  SelfProfiler profiler(*loop, *pool);
  auto first =
      profiler.cpu(milliseconds(10'000), [](auto) { FAIL() << "a dropped capture must stay silent"; });
  ASSERT_TRUE(first);
  const auto second = profiler.cpu(milliseconds(10), [](auto) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(second.error().message, "another CPU profile is already running");
  first->reset();
  EXPECT_TRUE(valid(cpu(milliseconds(20)))) << "dropping the capture ends it";
}

TEST(SelfProf, AStraySignalAfterwardsDoesNoHarm) {
  ASSERT_TRUE(valid(cpu(milliseconds(20))));
  EXPECT_EQ(raise(SIGPROF), 0);
}

TEST(SelfProf, SurvivesManyThreadsComingAndGoing) {
  std::atomic<bool> stop = false;
  std::thread churn([&] {
    while (!stop) {
      std::thread a([] { std::string(1000, 'x'); });
      std::thread b([] { std::string(100'000, 'x'); });
      a.join();
      b.join();
    }
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(valid(cpu(milliseconds(60))));
    EXPECT_TRUE(valid(snapshot(Snapshot::kGoroutine)));
  }
  // Often, so that some thread ends between any two steps of asking it.
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(collect_thread_stacks(milliseconds(1)));
  stop = true;
  churn.join();
}

TEST(SelfProf, HeapProfileNamesTheOwnerOfTheMemory) {
  [[maybe_unused]] const auto before = unpack(snapshot(Snapshot::kHeap));
  const auto kept = allocate_much(8 << 20);
  for (int i = 0; i < 64; ++i) allocate_much(1 << 20);  // freed at once
  const std::string packed = snapshot(Snapshot::kHeap);
#if !INVAR_TEST_OWN_ALLOCATOR
  EXPECT_TRUE(unpack(packed).has_value() || packed.starts_with("error: "));
#else
  const auto p = unpack(packed);
  ASSERT_TRUE(before && p) << packed.substr(0, 200);
  const auto new_total = [&](std::size_t column) {
    return total(*p, "allocate_much", column) - total(*before, "allocate_much", column);
  };
  EXPECT_EQ(p->sample_types, (std::vector<pprof::SampleType>{{"alloc_objects", "count"},
                                                             {"alloc_space", "bytes"},
                                                             {"inuse_objects", "count"},
                                                             {"inuse_space", "bytes"}}));
  EXPECT_EQ(p->default_sample_type, "inuse_space");
  EXPECT_EQ(p->period, 4096);
  EXPECT_NEAR(static_cast<double>(new_total(3)), 8 << 20, 1 << 20);
  EXPECT_NEAR(static_cast<double>(new_total(1)), 72 << 20, 8 << 20);
  EXPECT_GE(new_total(0), 60);
  EXPECT_EQ(total(*p, "prof_backtrace", 1), 0) << "the allocator's own frames are left out";
  if (const auto top = go_top(packed, "-sample_index=inuse_space")) {
    EXPECT_NE(top->find("invar::selfprof::allocate_much"), std::string::npos) << *top;
  }
  const auto allocs = unpack(snapshot(Snapshot::kAllocs));
  ASSERT_TRUE(allocs) << allocs.error().message;
  EXPECT_EQ(allocs->default_sample_type, "alloc_space");
#endif
}

TEST(SelfProf, TheProgramItselfGivesAProfileItsName) {
  const auto p = unpack(snapshot(Snapshot::kGoroutine));
  ASSERT_TRUE(p && !p->mappings.empty());
  EXPECT_EQ(p->mappings.front().filename, std::filesystem::read_symlink("/proc/self/exe"));
}

TEST(SelfProf, TextIsForPeople) {
  const auto text = [](Snapshot kind) {
    return profile([kind](SelfProfiler& profiler, SelfProfiler::Done done) {
      profiler.snapshot({.kind = kind, .text = true}, std::move(done));
    });
  };
  const std::string threads = text(Snapshot::kGoroutine);
  EXPECT_TRUE(threads.starts_with("goroutine profile: total ")) << threads;
  EXPECT_NE(threads.find("\n# labels: {\"thread\":\""), std::string::npos) << threads;
  // The thread sanitizer's own frames, without frame pointers, end a waiting thread's stack before ours.
#if !defined(__SANITIZE_THREAD__)
  EXPECT_NE(threads.find("invar::"), std::string::npos) << threads;
#endif
  EXPECT_TRUE(text(Snapshot::kMutex).starts_with("--- contention:\n"));
#if INVAR_TEST_OWN_ALLOCATOR
  const auto kept = allocate_much(8 << 20);
  const std::string heap = text(Snapshot::kHeap);
  EXPECT_TRUE(heap.starts_with("heap profile: ")) << heap;
  EXPECT_NE(heap.find("invar::selfprof::allocate_much"), std::string::npos) << heap;
#endif
}

TEST(HeapChange, IsWhatHappenedSiteBySite) {
  const HeapDump before{
      .sites = {{.stack = {1}, .inuse_objects = 2, .inuse_bytes = 20, .alloc_objects = 5, .alloc_bytes = 50},
                {.stack = {2}, .inuse_objects = 1, .inuse_bytes = 10, .alloc_objects = 1, .alloc_bytes = 10},
                {.stack = {3}, .inuse_objects = 1, .inuse_bytes = 7, .alloc_objects = 1, .alloc_bytes = 7}}};
  const HeapDump after{
      .period_bytes = 512,
      .sites = {
          {.stack = {1}, .inuse_objects = 1, .inuse_bytes = 10, .alloc_objects = 9, .alloc_bytes = 90},
          {.stack = {3}, .inuse_objects = 1, .inuse_bytes = 7, .alloc_objects = 1, .alloc_bytes = 7},
          {.stack = {4}, .inuse_objects = 3, .inuse_bytes = 30, .alloc_objects = 3, .alloc_bytes = 30}}};
  const HeapDump change = heap_change(before, after);
  EXPECT_EQ(change.period_bytes, 512);
  ASSERT_EQ(change.sites.size(), 3U);
  EXPECT_EQ(change.sites[0].inuse_bytes, -10);
  EXPECT_EQ(change.sites[0].alloc_bytes, 40);
  EXPECT_EQ(change.sites[1].inuse_objects, 3);
  EXPECT_EQ(change.sites[2].stack, Stack{2});
  EXPECT_EQ(change.sites[2].inuse_bytes, -10);
}

TEST(SelfProf, ThreadProfileHasOneStackPerThread) {
  Gate gate;
  std::thread waiting([&] {
    pthread_setname_np(pthread_self(), "at-the-gate");
    wait_at_the_gate(gate);
  });
  {
    std::unique_lock lock(gate.mutex);
    gate.changed.wait(lock, [&] { return gate.waiting; });
  }
  const std::string packed = snapshot(Snapshot::kGoroutine);
  {
    const std::lock_guard lock(gate.mutex);
    gate.open = true;
  }
  gate.changed.notify_all();
  waiting.join();
  const auto p = unpack(packed);
  ASSERT_TRUE(p) << packed.substr(0, 200);
  EXPECT_GE(p->samples.size(), 3u);  // this thread, the worker, the waiting one
  const auto named = std::ranges::find_if(p->samples, [](const auto& s) {
    return std::ranges::any_of(s.labels,
                               [](const auto& l) { return l.key == "thread" && l.str == "at-the-gate"; });
  });
  ASSERT_NE(named, p->samples.end());
  EXPECT_EQ(total(*p, "wait_at_the_gate", 0), 1);
}

TEST(SelfProf, AThreadThatBlocksSignalsDelaysNobody) {
  Gate gate;
  std::thread deaf([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "deaf");
    wait_at_the_gate(gate);
  });
  {
    std::unique_lock lock(gate.mutex);
    gate.changed.wait(lock, [&] { return gate.waiting; });
  }
  // Waiting for it would take the hour, and this test its time limit.
  ASSERT_TRUE(collect_thread_stacks(std::chrono::hours(1)));
  const auto p = unpack(snapshot(Snapshot::kGoroutine));
  {
    const std::lock_guard lock(gate.mutex);
    gate.open = true;
  }
  gate.changed.notify_all();
  deaf.join();
  ASSERT_TRUE(p);
  EXPECT_GE(total(*p, "[thread did not answer]", 0), 1);  // a sanitizer has a deaf thread of its own
}

TEST(SelfProf, ContentionProfilesAreValidAndEmpty) {
  for (const Snapshot kind : {Snapshot::kMutex, Snapshot::kBlock}) {
    const auto p = unpack(snapshot(kind));
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_TRUE(p->samples.empty());
    EXPECT_EQ(p->sample_types,
              (std::vector<pprof::SampleType>{{"contentions", "count"}, {"delay", "nanoseconds"}}));
  }
}

TEST(CommandLine, IsNulSeparated) {
  const std::string line = command_line();
  EXPECT_NE(line.find("selfprof_test"), std::string::npos);
  EXPECT_FALSE(line.ends_with('\0'));
}

}  // namespace
}  // namespace invar::selfprof
