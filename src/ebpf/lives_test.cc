// Processes that come and go: what is seen of short ones, of children without a program of their own, and that nothing of them stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <list>

#include "base/proc_file.h"
#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;
using namespace ebpf::testing;

class LivesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  TemporaryFolder folder_;
};

// argv: how many children, one after the other; milliseconds of CPU that each takes; its own path under another name when each is a program started anew.
constexpr const char* kParent = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static volatile unsigned long sum;
static long used_ms(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec * 1000 + t.tv_nsec / 1000000; }
__attribute__((noinline)) void leaf_work(long ms) { while (used_ms() < ms) for (int i = 0; i < 20000; ++i) sum += i * sum; }
#ifndef ROOM
#define ROOM 256
#endif
__attribute__((noinline)) int deep(int n, long ms) { volatile char room[ROOM]; room[n] = 1; if (n == 0) { leaf_work(ms); return 0; } int r = deep(n - 1, ms); sum++; return r + 1; }
int main(int argc, char** argv) {
  alarm(120);
  const int count = atoi(argv[1]), ms = atoi(argv[2]);
  if (count == 0) return deep(5, ms) == 99;
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0 && argc > 3) execl(argv[3], argv[3], "0", argv[2], (char*)0);
    if (child == 0) { deep(5, ms); _exit(0); }
    waitpid(child, 0, 0);
  }
  if (argc > 4) for (;;) leaf_work(60000);
  return 0;
}
)";

struct Seen {
  std::uint64_t samples = 0, whole = 0;
};
Seen seen_of(const Sampling& sampling, const std::string& comm) {
  Seen seen;
  for (const Stack& stack : sampling.all()) {
    if (stack.comm != comm) continue;
    seen.samples += stack.samples;
    const std::string text = text_of(stack);
    if (text.find("deep;deep;deep;deep;deep;deep;main;") != std::string::npos && text.ends_with("_start;"))
      seen.whole += stack.samples;
  }
  return seen;
}

std::string build(const TemporaryFolder& folder, const std::string& name) {
  return compile(folder, name, kParent, {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"});
}

// The program under a name that nothing else on the machine has.
std::string renamed(const TemporaryFolder& folder, const std::string& program) {
  std::string link = folder / "reborn";
  EXPECT_EQ(symlink(program.c_str(), link.c_str()), 0);
  return link;
}

// Of the CPU time of programs that live so long, the share that is seen, and seen whole.
TEST_F(LivesTest, ShortProgramsAreSeen) {
  const std::string program = build(folder_, "briefs");
  const std::string again = renamed(folder_, program);
  const struct {
    int count, ms;
    double seen, whole;
  } rows[] = {{40, 20, 0.75, 0.4}, {12, 100, 0.9, 0.75}, {3, 500, 0.95, 0.9}};
  for (const auto& row : rows) {
    Sampling sampling(Named{{"briefs", "reborn"}});
    const RealProgram parent({program, std::to_string(row.count), std::to_string(row.ms), again});
    sampling.run_until_end(parent);
    const Seen seen = seen_of(sampling, "reborn");
    const double taken = row.count * row.ms * 0.997;
    EXPECT_GT(static_cast<double>(seen.samples), taken * row.seen)
        << "of " << taken << " with " << row.ms << " ms";
    EXPECT_GT(static_cast<double>(seen.whole), taken * row.whole)
        << "of " << taken << " with " << row.ms << " ms";
  }
}

// Ten thousand children, as fast as they come: they cost us less than they cost themselves, and nothing of them stays.
TEST_F(LivesTest, AStormOfChildrenCostsItsBound) {
  const auto seconds_of = [](int who) {
    rusage used{};
    getrusage(who, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  };
  const std::string program = build(folder_, "storm");
  Sampling sampling(Named{{"storm"}});
  sampling.collect();
  sampling.collect();
  const EngineStatus before = sampling.engine().status();
  const double own = seconds_of(RUSAGE_SELF), others = seconds_of(RUSAGE_CHILDREN);
  {
    const RealProgram parent({program, "10000", "0"});
    sampling.run_until_end(parent);
  }
  EXPECT_LT(seconds_of(RUSAGE_SELF) - own, seconds_of(RUSAGE_CHILDREN) - others);
  for (int i = 0; i < 3; ++i) sampling.collect();
  const EngineStatus after = sampling.engine().status();
  // The machine has others; ours were ten thousand.
  EXPECT_LE(after.processes, before.processes + 2000);
  EXPECT_LE(after.mappings, before.mappings + 400);
  EXPECT_EQ(after.losses[bpf::kLossProcesses], 0u);
  EXPECT_LE(after.binaries, before.binaries + 2000);
}

// Two hundred programs, each with a build id and a table of its own, and all of them there at the end.
TEST_F(LivesTest, ManyBinariesAreAllWhole) {
  const std::string id = "\x11\x22\x33\x44\x55\x66\x77\x88";
  const std::string first = compile(
      folder_, "one", kParent,
      {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-Wl,--build-id=0x1122334455667788"});
  std::string bytes = read_proc_file(first);
  const std::size_t at = bytes.find(id);
  ASSERT_NE(at, std::string::npos);
  constexpr int kBinaries = 200;
  const std::string program = folder_ / "many";
  Sampling sampling(Named{{"many"}});
  std::list<RealProgram> programs;
  for (int i = 0; i < kBinaries; ++i) {
    bytes[at] = static_cast<char>(i);
    unlink(program.c_str());
    write_file(program, bytes);
    chmod(program.c_str(), 0755);
    const RealProgram& one = programs.emplace_back(std::vector<std::string>{program, "0", "5000"});
    // However long the machine takes to read its table: how much is lost by that is ShortProgramsAreSeen's question.
    const auto is_whole = [&] {
      return sampling.stack_with_text(one.pid(), "leaf_work;deep;").ends_with("_start;");
    };
    while (!is_whole() && !one.has_ended()) sampling.run(one, 0.02);
    EXPECT_TRUE(is_whole()) << "number " << i;
    one.pause();
    sampling.forget();
  }
  EXPECT_GE(sampling.engine().status().binaries, static_cast<std::size_t>(kBinaries));
  EXPECT_EQ(sampling.engine().status().refused_tables, 0u);
}

TEST_F(LivesTest, ChildrenAreWalkedByTheTablesOfTheirParent) {
  const std::string program = build(folder_, "forks");
  Sampling sampling(Named{{"forks"}});
  const RealProgram first({program, "0", "200"});
  sampling.run_until_end(first);  // its tables are known, as are those of the C library
  sampling.forget();
  const RealProgram parent({program, "40", "15"});
  sampling.run_until_end(parent);
  const Seen seen = seen_of(sampling, "forks");
  EXPECT_GT(seen.samples, 300u);
  EXPECT_GT(static_cast<double>(seen.whole) / static_cast<double>(seen.samples), 0.8);
}

TEST_F(LivesTest, AProgramThatBecomesAnotherIsTheOther) {
  const std::string inner = compile(folder_, "inner", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void inner_work(void) { for (;;) sum++; }
int main(void) { alarm(60); inner_work(); })",
                                    {"-O2"});
  const std::string outer = compile(folder_, "outer", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void outer_work(void) { for (long i = 0; i < 100000000; ++i) sum++; }
int main(int argc, char** argv) { outer_work(); execl(argv[1], argv[1], (char*)0); })",
                                    {"-O2"});
  const RealProgram running({outer, inner});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.5);
  EXPECT_THAT(sampling.stack_with(running.pid(), "outer_work"), StartsWith("outer_work;main;"));
  EXPECT_THAT(sampling.stack_with(running.pid(), "inner_work"), StartsWith("inner_work;main;"));
}

TEST_F(LivesTest, AProgramOf32BitsIsOneFrame) {
  // Without a library: those of 32 bits are a package of their own.
  write_file(folder_ / "old.c", "void _start(void) { for (volatile unsigned i = 0;; ++i) {} }");
  if (run({"cc", "-m32", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-O2", folder_ / "old.c", "-o",
           folder_ / "old"}) != 0)
    GTEST_SKIP() << "no compiler for 32 bits";
  const RealProgram running({folder_ / "old"});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.1);
  EXPECT_FALSE(sampling.stack_with(running.pid(), "[32-bit process]").empty());
  EXPECT_TRUE(sampling.stack_with_text(running.pid(), "[unknown]").empty());
}

// A day of a machine that starts a program every few minutes, in seconds.
TEST_F(LivesTest, NothingOfThoseThatEndedStays) {
  const std::string program = build(folder_, "churn");
  const std::string again = renamed(folder_, program);
  Sampling sampling(Named{{"churn", "reborn"}});
  const auto hour = [&] {
    const RealProgram parent({program, "20", "3", again});
    sampling.run_until_end(parent);
    sampling.collect();  // what ended in the last interval is forgotten in this one
    sampling.forget();
    return sampling.engine().status();
  };
  for (int i = 0; i < 4; ++i) (void)hour();
  const EngineStatus before = hour();
  EngineStatus after;
  for (int i = 0; i < 24; ++i) after = hour();
  EXPECT_EQ(after.binaries, before.binaries);
  EXPECT_EQ(after.table_bytes, before.table_bytes);
  EXPECT_LE(after.name_bytes, before.name_bytes + before.name_bytes / 20);
  EXPECT_LE(after.mappings, before.mappings + 20);
  // The machine has others; ours would be a thousand.
  EXPECT_LE(after.records, before.records + 400);
  EXPECT_LE(after.processes, before.processes + 2000);
}

// Room for the table of one program: it goes to the one that runs. Their code is alike, but not their frames.
TEST_F(LivesTest, TablesGoToThoseThatRun) {
  const std::vector<std::string> flags{"-O2", "-static", "-fomit-frame-pointer",
                                       "-fno-optimize-sibling-calls", "-Wl,--build-id"};
  std::vector<std::string> other = flags;
  other.emplace_back("-DROOM=1024");
  const RealProgram first({compile(folder_, "first", kParent, flags), "0", "60000"});
  const RealProgram second({compile(folder_, "second", kParent, other), "0", "60000"});
  kill(second.pid(), SIGSTOP);
  EngineSettings settings{.programs = {.sample_rate = 997}};
  std::uint64_t one = 0;
  {
    Sampling sampling({first.pid()}, settings);
    sampling.run(first, 0.1);
    one = sampling.engine().status().table_bytes;
  }
  settings.limits.table_bytes = one + one / 2;
  Sampling sampling({first.pid(), second.pid()}, settings);
  const auto stack_of = [&](const RealProgram& program) {
    for (std::uint64_t i = 0; i < Binaries::kIdleIntervals + 2; ++i) sampling.run(program, 0.05);
    sampling.forget();
    sampling.run(program, 0.1);
    return sampling.stack_with(program.pid(), "leaf_work");
  };
  EXPECT_THAT(stack_of(first), EndsWith("_start;"));
  kill(first.pid(), SIGSTOP);
  kill(second.pid(), SIGCONT);
  EXPECT_THAT(stack_of(second), EndsWith("_start;"));
  kill(second.pid(), SIGSTOP);
  kill(first.pid(), SIGCONT);
  EXPECT_THAT(stack_of(first), EndsWith("_start;"));
  const EngineStatus status = sampling.engine().status();
  EXPECT_GE(status.evicted_tables, 2u);
  EXPECT_LE(status.table_bytes, settings.limits.table_bytes);
}

}  // namespace
}  // namespace invar::ebpf
