// The same programs by other means: the scheduler's count of their time, and perf's samples.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cmath>
#include <functional>
#include <sstream>

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
  double apart_from_perf(const std::string& program, const std::string& prefix, std::string& told);
  double apart_from_scheduler(const std::string& program);
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

// What a hypervisor took of the CPUs until now, in ticks of the clock ("cpu user nice system idle iowait irq softirq steal ...").
std::uint64_t stolen() {
  const std::string text = read_proc_file("/proc/stat");
  std::istringstream words(text);
  std::string name;
  std::uint64_t value = 0;
  words >> name;
  for (int i = 0; i < 8; ++i) words >> value;
  return value;
}

// How far two measurements of the same are apart. Taken again when they are too far and CPUs were taken away meanwhile: the timers that
// sample stand still then, what the scheduler counts does not.
double undisturbed(const std::function<double()>& measure, double enough) {
  for (int left = 4;; --left) {
    const std::uint64_t before = stolen();
    const double apart = measure();
    if (apart <= enough || left == 0 || stolen() == before) return apart;
  }
}

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

// The largest difference of a function's share, ours and perf's, of the same seconds.
double TruthTest::apart_from_perf(const std::string& program, const std::string& prefix, std::string& told) {
  const RealProgram running({program});
  Sampling sampling({running.pid()});
  const std::string data = folder_ / "perf.data", report = folder_ / "report";
  const RealProgram perf({"perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data, "-p",
                          std::to_string(running.pid()), "--", "sleep", "3"});
  sampling.run_until_end(perf);
  EXPECT_EQ(
      run({"sh", "-c", "perf report -i " + data + " --stdio -q --no-children -F overhead,sym >" + report}),
      0);
  const auto ours = leaf_shares(sampling, running.pid());
  told = read_proc_file(report);
  const auto theirs = perf_shares(told);
  double apart = 0;
  for (const char* name : {"two_parts", "three_parts", "five_parts"}) {
    const auto our = ours.find(prefix + name), their = theirs.find(prefix + name);
    if (our == ours.end() || their == theirs.end()) return 1;
    apart = std::max(apart, std::abs(our->second - their->second));
    told += fmt::format("{}: ours {:.2f} %\n", name, our->second * 100);
  }
  return apart;
}

TEST_F(TruthTest, LeafSharesAreThoseOfPerf) {
  if (run({"perf", "--version"}) != 0) GTEST_SKIP() << "perf is not installed";
  if (run({"perf", "record", "-q", "-e", "cpu-clock", "-o", folder_ / "perf.data", "--", "true"}) != 0)
    GTEST_SKIP() << "perf does not run here";
  std::vector<std::pair<std::string, std::string>> programs{
      {compile(folder_, "shares", kShares, {"-O2"}), ""}};  // and what stands before its names
  if (run({"go", "version"}) == 0) {
    write_file(folder_ / "main.go", kGoShares);
    ASSERT_EQ(run({"go", "build", "-o", folder_ / "go_shares", folder_ / "main.go"}), 0);
    programs.emplace_back(folder_ / "go_shares", "main.");
  }
  for (const auto& [program, prefix] : programs) {
    std::string told;
    EXPECT_LE(undisturbed([&] { return apart_from_perf(program, prefix, told); }, 0.02), 0.02) << told;
  }
}

constexpr const char* kUnevenThreads = R"(
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

// How far the sum of the samples is from the scheduler's count, as a share of this.
double TruthTest::apart_from_scheduler(const std::string& program) {
  const RealProgram running({program});
  // Alone on its CPU, so that luck has no part: by turns with others, a few samples more or less are chance.
  const sched_param priority{.sched_priority = 1};
  for (const pid_t thread : running.threads())
    EXPECT_EQ(sched_setscheduler(thread, SCHED_FIFO, &priority), 0);
  // It stands still while the clocks start and when they are read: what the scheduler has counted is what was sampled.
  running.pause();
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 97}});
  const double begin = running.cpu_seconds();
  running.resume();
  sampling.run(running, 1.5);
  running.pause();
  sampling.collect();
  return std::abs(sampling.seconds(running.pid()) / (running.cpu_seconds() - begin) - 1);
}

TEST_F(TruthTest, TimeIsThatOfTheScheduler) {
  const sched_param priority{.sched_priority = 1}, usual{};
  if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) GTEST_SKIP() << "no right to real-time priority";
  ASSERT_EQ(sched_setscheduler(0, SCHED_OTHER, &usual), 0);
  for (const char* source : {kShares, kUnevenThreads, kCalls}) {
    const std::string program = compile(folder_, "one", source, {"-O2", "-pthread"});
    EXPECT_LE(undisturbed([&] { return apart_from_scheduler(program); }, 0.03), 0.03) << source;
  }
}

}  // namespace
}  // namespace invar::ebpf
