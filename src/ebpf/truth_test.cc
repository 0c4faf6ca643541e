// The same programs by other means: the scheduler's count of their time, and perf's samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "base/proc_file.h"
#include "base/strings.h"
#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using namespace ebpf::testing;

class TruthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  TemporaryFolder folder_;
};

// Three functions in turn, 2, 3 and 5 parts, a few milliseconds in all: chance has many turns to even out.
constexpr const char* kShares = R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void two_parts(void) { for (int i = 0; i < 400000; ++i) sum += i * sum; }
__attribute__((noinline)) void three_parts(void) { for (int i = 0; i < 600000; ++i) sum += i * sum; }
__attribute__((noinline)) void five_parts(void) { for (int i = 0; i < 1000000; ++i) sum += i * sum; }
int main(void) { alarm(60); for (;;) { two_parts(); three_parts(); five_parts(); } }
)";

std::map<std::string, double> leaf_shares(const Sampling& sampling, pid_t pid) {
  std::map<std::string, double> shares;
  double all = 0;
  for (const auto& [text, samples] : sampling.stacks(pid)) {
    shares[text.substr(0, text.find_first_of(";:"))] += static_cast<double>(samples);
    all += static_cast<double>(samples);
  }
  for (auto& [name, share] : shares) share /= all;
  return shares;
}

// "    50.12%  five_parts": of perf report.
std::map<std::string, double> perf_shares(const std::string& report) {
  std::map<std::string, double> shares;
  for (const std::string_view line : split(report, '\n')) {
    const std::string_view text = trim_space(line);
    const std::size_t percent = text.find('%'), name = text.rfind(' ');
    if (text.empty() || text[0] == '#' || percent == std::string_view::npos || name == std::string_view::npos)
      continue;
    shares[std::string(text.substr(name + 1))] =
        std::atof(std::string(text.substr(0, percent)).c_str()) / 100;
  }
  return shares;
}

// The same in Go.
constexpr const char* kGoShares = R"(
package main

import "time"

var sum uint64

//go:noinline
func two_parts() { for i := uint64(0); i < 400000; i++ { sum += i * sum } }

//go:noinline
func three_parts() { for i := uint64(0); i < 600000; i++ { sum += i * sum } }

//go:noinline
func five_parts() { for i := uint64(0); i < 1000000; i++ { sum += i * sum } }

func main() {
	go func() { time.Sleep(time.Minute); panic("too long") }()
	for {
		two_parts()
		three_parts()
		five_parts()
	}
}
)";

TEST_F(TruthTest, LeafSharesAreThoseOfPerf) {
  if (run({"perf", "--version"}) != 0) GTEST_SKIP() << "perf is not installed";
  std::vector<std::pair<std::string, std::string>> programs{
      {compile(folder_, "shares", kShares, {"-O2"}), ""}};  // and what stands before its names
  if (run({"go", "version"}) == 0) {
    write_file(folder_ / "main.go", kGoShares);
    ASSERT_EQ(run({"go", "build", "-o", folder_ / "go_shares", folder_ / "main.go"}), 0);
    programs.emplace_back(folder_ / "go_shares", "main.");
  }
  for (const auto& [program, prefix] : programs) {
    const RealProgram running({program});
    Sampling sampling({running.pid()});
    const std::string data = folder_ / "perf.data", report = folder_ / "report";
    const RealProgram perf({"perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data, "-p",
                            std::to_string(running.pid()), "--", "sleep", "3"});
    sampling.run_until_end(perf);
    if (run({"sh", "-c",
             "perf report -i " + data + " --stdio -q --no-children -F overhead,sym >" + report}) != 0)
      GTEST_SKIP() << "perf does not run here";
    const auto ours = leaf_shares(sampling, running.pid());
    const auto theirs = perf_shares(read_proc_file(report));
    ASSERT_TRUE(theirs.contains(prefix + "five_parts")) << read_proc_file(report);
    for (const char* name : {"two_parts", "three_parts", "five_parts"})
      EXPECT_NEAR(ours.at(prefix + name), theirs.at(prefix + name), 0.02) << name;
  }
}

constexpr const char* kThreads = R"(
#include <pthread.h>
#include <unistd.h>
static volatile unsigned long sum;
static void* work(void* none) { for (;;) sum++; }
int main(void) { alarm(60); pthread_t t; pthread_create(&t, 0, work, 0); pause(); }
)";
constexpr const char* kCalls = R"(
#include <fcntl.h>
#include <unistd.h>
static char bytes[65536];
int main(void) { alarm(60); const int fd = open("/dev/zero", O_RDONLY); for (;;) (void)!read(fd, bytes, sizeof bytes); }
)";

TEST_F(TruthTest, TimeIsThatOfTheScheduler) {
  for (const char* source : {kShares, kThreads, kCalls}) {
    const RealProgram running({compile(folder_, "one", source, {"-O2", "-pthread"})});
    // Alone on its CPU, so that luck has no part: by turns with others, a few samples more or less are chance.
    const sched_param priority{.sched_priority = 1};
    for (const pid_t thread : running.threads())
      if (sched_setscheduler(thread, SCHED_FIFO, &priority) != 0)
        GTEST_SKIP() << "no right to real-time priority";
    // It stands still while the clocks start and when they are read: what the scheduler has counted is what was sampled.
    running.pause();
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 97}});
    const double begin = running.cpu_seconds();
    running.resume();
    sampling.run(running, 1.5);
    running.pause();
    sampling.collect();
    EXPECT_NEAR(sampling.seconds(running.pid()) / (running.cpu_seconds() - begin), 1, 0.03) << source;
  }
}

}  // namespace
}  // namespace invar::ebpf
