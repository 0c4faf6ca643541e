// Real programs, profiled by the real programs in the kernel. Skipped, with the reason, where the machine does not permit that.
#include "ebpf/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace ebpf::testing;

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  TemporaryFolder folder_;
};

// A program of which nothing is known: no tables, no frame pointers.
TEST_F(EngineTest, SaysWhereItKnowsNoFurther) {
  const std::string program = compile(folder_, "bare", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void leaf_work(void) { for (;;) sum++; }
__attribute__((noinline)) int middle(int n) { volatile char room[200]; room[n] = 1; leaf_work(); return room[0] + 1; }
int main(int argc, char** argv) { alarm(60); return middle(argc) + 1; }
)",
                                      {"-O2", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables"});
  const RealProgram running({program});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.15);
  EXPECT_THAT(sampling.stack_with(running.pid(), "leaf_work"),
              ::testing::AllOf(StartsWith("leaf_work;"), EndsWith("[unknown];")));
}

// Through the C library and back: it calls what we gave it.
TEST_F(EngineTest, GoesThroughCallbacks) {
  const std::string program = compile(folder_, "callback", R"(
#include <stdlib.h>
#include <unistd.h>
static volatile unsigned long sum;
static int compare(const void* a, const void* b) { for (int i = 0; i < 10000; ++i) sum++; return *(const int*)a - *(const int*)b; }
int main(void) { alarm(60); for (;;) { int v[64]; for (int i = 0; i < 64; ++i) v[i] = i * 37 % 64; qsort(v, 64, sizeof *v, compare); } }
)",
                                      {"-O2", "-fomit-frame-pointer"});
  const RealProgram running({program});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.15);  // until its tables are there
  sampling.forget();
  sampling.run(running, 0.15);
  const std::string stack = sampling.stack_with(running.pid(), "compare");
  EXPECT_THAT(stack, StartsWith("compare;"));
  EXPECT_THAT(stack, HasSubstr(";main;__libc_start_call_main;"));
}

constexpr const char* kRecursion = R"(
#include <stdlib.h>
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void leaf_work(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int deep(int n) { if (n == 0) { for (;;) leaf_work(); } int r = deep(n - 1); sum++; return r + 1; }
int main(int argc, char** argv) { alarm(60); return deep(atoi(argv[1])); }
)";

struct Build {
  const char* name;
  std::vector<std::string> flags;
  int depth;
};

class Recursions : public EngineTest, public ::testing::WithParamInterface<Build> {};

TEST_P(Recursions, AreWholeDownToTheStart) {
  const Build& build = GetParam();
  const std::string program = compile(folder_, "recursion", kRecursion, build.flags);
  const RealProgram running({program, std::to_string(build.depth)});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.15);
  const std::string stack = sampling.stack_with(running.pid(), "leaf_work");
  EXPECT_THAT(stack, StartsWith("leaf_work;deep;"));
  EXPECT_EQ(frames_named(stack, "deep;"), build.depth + 1) << stack;
  EXPECT_THAT(stack, HasSubstr("main;"));
  EXPECT_THAT(stack, EndsWith("_start;"));
  EXPECT_THAT(stack, Not(HasSubstr("[unknown]")));
}

INSTANTIATE_TEST_SUITE_P(
    Builds, Recursions,
    ::testing::Values(
        Build{"NoFramePointers", {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"}, 10},
        Build{"Deeper", {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"}, 145},
        Build{"Deep", {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"}, 400},
        Build{"DebugFrameAlone",
              {"-O2", "-g", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables",
               "-fno-optimize-sibling-calls"},
              10},
        Build{"CompressedDebugFrameAlone",
              {"-O2", "-g", "-gz", "-fomit-frame-pointer", "-fno-asynchronous-unwind-tables",
               "-fno-optimize-sibling-calls"},
              10},
        Build{"FramePointers", {"-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"}, 10},
        Build{"FramePointersAlone", {"-O0", "-fno-asynchronous-unwind-tables"}, 10},
        Build{"Static", {"-O2", "-static", "-fno-optimize-sibling-calls"}, 10},
        Build{"StaticPie", {"-O2", "-static-pie", "-fno-optimize-sibling-calls"}, 10}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(EngineTest, CutsAStackAboveItsDepthAndSaysSo) {
  const std::string program = compile(folder_, "recursion", kRecursion,
                                      {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"});
  const RealProgram running({program, "600"});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.15);
  const std::string stack = sampling.stack_with(running.pid(), "leaf_work");
  EXPECT_EQ(frames_named(stack, "deep;"), bpf::kMaxUserFrames - 1);
  EXPECT_THAT(stack, EndsWith("[unknown];"));
  EXPECT_GT(sampling.engine().status().losses[bpf::kCountTruncated], 0u);
}

// Half of its time in waits of 10 ms, none of it visible on a CPU.
constexpr const char* kSleeper = R"(
#include <poll.h>
#include <unistd.h>
__attribute__((noinline)) int waits_for_nothing(void) { int r = poll(0, 0, 10); __asm__ volatile(""); return r; }
int main(void) { alarm(60); for (;;) waits_for_nothing(); }
)";

TEST_F(EngineTest, CountsTheTimeOfWaits) {
  const std::string program = compile(folder_, "sleeper", kSleeper, {"-O2"});
  const RealProgram sleeper({program});
  const RealProgram busy({compile(folder_, "recursion", kRecursion, {"-O2"}), "1"});
  const EngineSettings settings{.programs = {.sample_rate = 97, .off_cpu_threshold = 1}};
  const Sampling another({sleeper.pid()},
                         settings);  // the kernel then calls both through a function of its own
  Sampling sampling({sleeper.pid(), busy.pid()}, settings);
  sampling.run(busy, 0.5);
  std::uint64_t ns = 0, waits = 0;
  std::string text;
  for (const Stack& stack : sampling.all()) {
    if (stack.pid != sleeper.pid() || stack.kind != bpf::kOffCpu) continue;
    ns += stack.ns;
    waits += stack.samples;
    if (text_of(stack).find("waits_for_nothing") != std::string::npos) text = text_of(stack);
  }
  EXPECT_GT(waits, 10u);
  EXPECT_GE(ns / waits, 9'000'000u) << "each lasts 10 ms at least";
  EXPECT_THAT(text, ::testing::MatchesRegex("[a-z_]*schedule;.*")) << "and not with the programs that saw it";
  EXPECT_THAT(text, HasSubstr("waits_for_nothing;main;"));
}

// A signal handler over the vdso, over a function of a library opened at run time.
constexpr const char* kPlugin = R"(
#include <time.h>
__attribute__((noinline)) void plugin_loop(void) { struct timespec t; for (;;) { clock_gettime(CLOCK_MONOTONIC, &t); __asm__ volatile(""); } }
)";
constexpr const char* kHost = R"(
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void handler_work(void) { for (int i = 0; i < 3000000; ++i) sum += i * sum; }
static void on_tick(int signal) { handler_work(); sum++; }
int main(int argc, char** argv) {
  alarm(60);
  signal(SIGUSR1, on_tick);
  struct sigaction action = {.sa_handler = on_tick};
  sigaction(SIGPROF, &action, 0);
  struct itimerval every = {{0, 20000}, {0, 20000}};
  setitimer(ITIMER_PROF, &every, 0);
  void (*loop)(void) = (void (*)(void))dlsym(dlopen(argv[1], RTLD_NOW), "plugin_loop");
  loop();
}
)";

TEST_F(EngineTest, FollowsSignalsVdsoAndPlugins) {
  const std::string plugin = compile(folder_, "plugin.so", kPlugin, {"-O2", "-fPIC", "-shared"});
  const std::string host = compile(folder_, "host", kHost, {"-O2", "-ldl"});
  const RealProgram running({host, plugin});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.5);
  const std::string handler = sampling.stack_with(running.pid(), "handler_work");
  EXPECT_THAT(handler, HasSubstr("handler_work;on_tick;"));
  EXPECT_THAT(handler, HasSubstr("plugin_loop;main;"));
  EXPECT_THAT(handler, EndsWith("_start;"));
  bool vdso = false;
  for (const auto& [text, samples] : sampling.stacks(running.pid()))
    vdso = vdso || text.starts_with("__vdso_clock_gettime;") ||
           text.find("clock_gettime;plugin_loop;main;") != std::string::npos;
  EXPECT_TRUE(vdso);
}

TEST_F(EngineTest, NamesWhatASignalHandlerReturnsTo) {
  const std::string program = compile(folder_, "signals", R"(
#include <signal.h>
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void handler_work(void) { for (int i = 0; i < 3000000; ++i) sum += i * sum; }
static void on_signal(int signal) { handler_work(); sum++; }
__attribute__((noinline)) void raises(void) { for (;;) raise(SIGUSR1); }
int main(void) { alarm(60); signal(SIGUSR1, on_signal); raises(); sum++; }
)",
                                      {"-O2", "-static"});
  const RealProgram running({program});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.2);
  const std::string stack = sampling.stack_with(running.pid(), "handler_work");
  EXPECT_THAT(stack, StartsWith("handler_work;on_signal;__restore_rt;"));
  EXPECT_THAT(stack, HasSubstr(";raises;main;"));
}

// Names of stripped programs: packed inside, or in a file beside.
TEST_F(EngineTest, FindsNamesOfStrippedPrograms) {
  const std::string plain =
      compile(folder_, "plain", kRecursion, {"-O2", "-fno-optimize-sibling-calls", "-Wl,--build-id"});
  const std::string packed = folder_ / "packed", linked = folder_ / "linked", bare = folder_ / "bare";
  const std::string mini = folder_ / "mini", debug = folder_ / "linked.debug";
  if (run({"objcopy", "--version"}) != 0 || run({"xz", "--version"}) != 0)
    GTEST_SKIP() << "objcopy or xz is missing";
  ASSERT_EQ(run({"objcopy", "-S", "--keep-symbol=leaf_work", "--keep-symbol=deep", plain, mini}), 0);
  ASSERT_EQ(run({"xz", "-k", mini}), 0);
  ASSERT_EQ(run({"objcopy", "-S", "--add-section", ".gnu_debugdata=" + mini + ".xz", plain, packed}), 0);
  ASSERT_EQ(run({"objcopy", "--only-keep-debug", plain, debug}), 0);
  ASSERT_EQ(run({"objcopy", "-S", "--add-gnu-debuglink=" + debug, plain, linked}), 0);
  ASSERT_EQ(run({"objcopy", "-S", plain, bare}), 0);
  const struct {
    const std::string& program;
    bool named;
  } rows[] = {{packed, true}, {linked, true}, {bare, false}};
  for (const auto& row : rows) {
    const RealProgram running({row.program, "4"});
    Sampling sampling({running.pid()});
    sampling.run(running, 0.1);
    EXPECT_EQ(!sampling.stack_with(running.pid(), "leaf_work").empty(), row.named) << row.program;
  }
}

// Processes that come and go are named while they live, and are gone afterwards.
TEST_F(EngineTest, ForgetsProcessesThatEnded) {
  const std::string program = compile(folder_, "brief", kRecursion, {"-O1", "-fno-optimize-sibling-calls"});
  Sampling sampling(Named{{"brief"}});
  for (int i = 0; i < 8; ++i) {
    const RealProgram brief({program, "2"});
    sampling.run(brief, 0.02);
  }
  std::size_t named = 0, taken = 0;
  for (const Stack& stack : sampling.all()) {
    if (stack.comm != "brief") continue;
    taken += stack.samples;
    if (text_of(stack).find("deep;deep;deep;main;") != std::string::npos) named += stack.samples;
  }
  EXPECT_GT(taken, 40u);
  EXPECT_GT(named, taken / 2);
  sampling.engine().poll();
  (void)sampling.engine().collect();
  const RealProgram other({program, "2"});
  sampling.engine().poll();
  for (const Stack& stack : sampling.engine().collect()) {
    if (stack.comm != "brief") continue;
    EXPECT_EQ(stack.pid, other.pid());
  }
}

// Garbage where profilers look must cost nothing but names.
TEST_F(EngineTest, SurvivesAHostileProcess) {
  const char* source = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
  alarm(60);
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
  symlink("/etc/passwd", path);
  for (int i = 0; i < 3000; ++i) mmap(0, 4096, PROT_READ | (i % 2 ? PROT_EXEC : 0), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned char* code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // mov rbp, rsp; sub rbp, -16 …: frame pointers that lead round in circles.
  const unsigned char loop[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0x6d, 0x00, 0xf3, 0x90, 0xeb, 0xfc};
  memcpy(code, loop, sizeof loop);
  ((void (*)(void))code)();
  unlink(path);
}
)";
  const RealProgram running({compile(folder_, "hostile", source, {"-O1", "-w"})});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.1);
  unlink(("/tmp/perf-" + std::to_string(running.pid()) + ".map").c_str());
  ASSERT_FALSE(sampling.all().empty());
  for (const Stack& stack : sampling.all()) {
    EXPECT_LE(stack.frames.size(), static_cast<std::size_t>(bpf::kMaxKernelFrames + bpf::kMaxUserFrames + 1));
    EXPECT_THAT(text_of(stack), Not(HasSubstr("root:")));
  }
}

}  // namespace
}  // namespace invar::ebpf
