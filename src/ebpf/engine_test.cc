// Real programs, profiled by the real programs in the kernel. Skipped, with the reason, where the machine does not permit that.
#include "ebpf/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

constexpr const char* kRecursion = R"(
#include <stdlib.h>
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void leaf_work(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int deep(int n) { if (n == 0) { for (;;) leaf_work(); } int r = deep(n - 1); sum++; return r + 1; }
int main(int argc, char** argv) { alarm(60); return deep(atoi(argv[1])); }
)";

std::size_t frames_named(const std::string& stack, const std::string& name) {
  std::size_t count = 0;
  for (std::size_t at = stack.find(name); at != std::string::npos; at = stack.find(name, at + 1)) ++count;
  return count;
}

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
        Build{"Deep", {"-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"}, 400},
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

constexpr const char* kGo = R"(
package main

import "time"

var sum uint64

//go:noinline
func leafWork[T uint64 | int](n T) {
	for i := T(0); i < 1000000; i++ {
		sum += uint64(i) * sum
	}
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		for {
			leafWork(uint64(3)) // line 19
		}
	}
	r := deep(n - 1)
	sum++
	return r + 1
}

func main() {
	go func() { time.Sleep(time.Minute); panic("too long") }()
	deep(5)
}
)";

TEST_F(EngineTest, NamesFunctionsAndLinesOfAStrippedGoProgram) {
  if (run({"go", "version"}) != 0) GTEST_SKIP() << "Go is not installed";
  const std::string source = folder_ / "main.go", program = folder_ / "shop";
  write_file(source, kGo);
  ASSERT_EQ(run({"go", "build", "-ldflags=-s -w", "-o", program, source}), 0);
  const RealProgram running({program});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.15);
  const std::string stack = sampling.stack_with(running.pid(), "main.deep:19");
  EXPECT_THAT(stack, StartsWith("main.leafWork[go.shape.uint64]:"));
  EXPECT_EQ(frames_named(stack, "main.deep:"), 6) << stack;
  EXPECT_THAT(stack, HasSubstr("main.main:29;runtime.main:"));
  EXPECT_THAT(stack, Not(HasSubstr("[unknown]")));
}

TEST_F(EngineTest, AgreesWithTheSchedulersCount) {
  const std::string program = compile(folder_, "recursion", kRecursion, {"-O2"});
  const RealProgram running({program, "3"});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 97}});
  const double before = running.cpu_seconds();
  sampling.run(running, 2);
  const double wanted = running.cpu_seconds() - before;
  EXPECT_NEAR(sampling.seconds(running.pid()) / wanted, 1, 0.03);
}

}  // namespace
}  // namespace invar::ebpf
