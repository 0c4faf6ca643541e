// Real programs of many compilers and run times, each whole down to its start, with the names that people know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace ebpf::testing;

class LanguagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  // Share of a process's samples whose stack ends with `root`.
  static double share_ending_with(const Sampling& sampling, pid_t pid, const std::string& root) {
    std::uint64_t all = 0, whole = 0;
    for (const auto& [text, samples] : sampling.stacks(pid)) {
      all += samples;
      if (text.ends_with(root)) whole += samples;
    }
    return all == 0 ? 0 : static_cast<double>(whole) / static_cast<double>(all);
  }
  TemporaryFolder folder_;
};

constexpr const char* kDeepCalls = R"(
#include <stdlib.h>
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void leaf_work(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int deep(int n) { if (n == 0) for (;;) leaf_work(); int r = deep(n - 1); sum++; return r + 1; }
int main(void) { alarm(60); return deep(5); }
)";

TEST_F(LanguagesTest, MuslProgramsAreWhole) {
  if (run({"musl-gcc", "--version"}) != 0) GTEST_SKIP() << "musl is not installed";
  for (const bool is_static : {true, false}) {
    std::vector<std::string> flags{"-O2", "-fno-optimize-sibling-calls"};
    if (is_static) flags.emplace_back("-static");
    const RealProgram running({compile(folder_, "musl", kDeepCalls, flags, "musl-gcc")});
    Sampling sampling({running.pid()});
    sampling.run(running, 0.15);
    const std::string stack = sampling.stack_with(running.pid(), "leaf_work");
    EXPECT_THAT(stack, StartsWith("leaf_work;deep;deep;deep;deep;deep;deep;main;")) << is_static;
  }
}

// The unwinder of the C++ run time under way: through landing pads, clean-up and its own machinery.
constexpr const char* kExceptions = R"(
#include <unistd.h>
static volatile unsigned long sum;
struct Guard { ~Guard() { sum++; } };
__attribute__((noinline)) void climb(int n) {
  Guard guard;
  if (n == 0) throw 42;
  climb(n - 1);
  sum++;
}
__attribute__((noinline)) void round_trip() { try { climb(30); } catch (int) { sum++; } }
int main() { alarm(60); for (;;) round_trip(); }
)";

TEST_F(LanguagesTest, ExceptionsUnderWayAreWhole) {
  const RealProgram running({compile(folder_, "exceptions", kExceptions, {"-O2"}, "c++")});
  Sampling sampling({running.pid()});
  sampling.run(running, 0.3);  // until its tables are there
  sampling.forget();
  sampling.run(running, 0.5);
  EXPECT_GT(share_ending_with(sampling, running.pid(), "_start;"), 0.97);
  EXPECT_THAT(
      sampling.stack_with(running.pid(), "_Unwind_RaiseException"),
      AllOf(HasSubstr("_Unwind_RaiseException;__cxa_throw;_Z5climbi"), HasSubstr(";_Z10round_tripv;main;")));
  EXPECT_FALSE(sampling.stack_with(running.pid(), "_Unwind_Resume").empty());
}

constexpr const char* kTemplates = R"(
#include <unistd.h>
static volatile unsigned long sum;
namespace shop {
template <class T> struct Cart {
  template <class F> __attribute__((noinline)) T total(F each, long n) { for (long i = 0; i < n; ++i) each(static_cast<int>(i)); sum++; return T(); }
};
}
__attribute__((noinline)) void busy() {
  auto each = [](int i) __attribute__((noinline)) { for (int j = 0; j < 1000; ++j) sum += i * sum; };
  shop::Cart<unsigned>().total(each, 1000);
  sum++;
}
int main() { alarm(60); for (;;) busy(); }
)";

TEST_F(LanguagesTest, CppNamesHaveTheFormThatWasAskedFor) {
  const RealProgram running(
      {compile(folder_, "templates", kTemplates, {"-O2", "-fno-ipa-cp", "-fno-ipa-sra"}, "c++")});
  const struct {
    Demangling how;
    const char* stack;
  } rows[] = {
      {Demangling::kNone, "_ZZ4busyvENKUliE_clEi;_ZN4shop4CartIjE5totalIZ4busyvEUliE_EEjT_l;_Z4busyv;main;"},
      {Demangling::kSimplified, "busy::{lambda#1}::operator();shop::Cart::total;busy;main;"},
      {Demangling::kTemplates,
       "busy()::{lambda(int)#1}::operator();shop::Cart<unsigned "
       "int>::total<busy()::{lambda(int)#1}>;busy;main;"},
      {Demangling::kFull,
       "busy()::{lambda(int)#1}::operator()(int) const;"
       "unsigned int shop::Cart<unsigned int>::total<busy()::{lambda(int)#1}>(busy()::{lambda(int)#1}, "
       "long);busy();main;"}};
  for (const auto& row : rows) {
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}, .naming = {.demangling = row.how}});
    sampling.run(running, 0.1);
    EXPECT_THAT(sampling.stack_with(running.pid(), "main"), StartsWith(row.stack));
  }
}

constexpr const char* kInlined = R"(
#include <unistd.h>
static volatile unsigned long sum;
struct Cart {
  unsigned long size;
  __attribute__((always_inline)) inline void grow(unsigned long by) { for (int i = 0; i < 1000; ++i) sum += i * by; } // line 6
};
__attribute__((always_inline)) static inline void twice(Cart& c) { c.grow(2); } // line 8
__attribute__((noinline)) void worker(Cart& c) {
  for (;;) twice(c); // line 10
}
int main() { alarm(60); Cart c{}; worker(c); } // line 12
)";

TEST_F(LanguagesTest, NativeCodeHasLinesAndInlinedFunctionsWhenAsked) {
  const std::string program = compile(folder_, "inlined", kInlined, {"-O2", "-g", "-Wl,--build-id"}, "c++");
  const std::string debug = folder_ / "inlined.debug", linked = folder_ / "linked";
  ASSERT_EQ(run({"objcopy", "--only-keep-debug", program, debug}), 0);
  ASSERT_EQ(run({"objcopy", "-S", "--add-gnu-debuglink=" + debug, program, linked}), 0);
  for (const std::string& path : {program, linked}) {
    const RealProgram running({path});
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997},
                                        .naming = {.demangling = Demangling::kSimplified, .lines = true}});
    sampling.run(running, 0.15);
    EXPECT_THAT(sampling.stack_with_text(running.pid(), "worker:10;"),
                StartsWith("Cart::grow:6;twice:8;worker:10;main:12;__libc_start_call_main"));
  }
}

constexpr const char* kRust = R"(
use std::hint::black_box;
struct Cart { items: Vec<u64> }
impl Cart {
    #[inline(never)]
    fn total<T: Into<u64> + Copy>(&self, n: T) -> u64 { let mut s: u64 = 0; for i in 0..100000u64 { s = black_box(s.wrapping_mul(i) + n.into()); } s + self.items[0] }
}
#[inline(never)]
fn deep(cart: &Cart, n: u32) -> u64 { if n == 0 { loop { black_box(cart.total(3u32)); } } let r = deep(cart, n - 1); black_box(r) + 1 }
fn main() { let cart = Cart { items: vec![1] }; std::process::exit(deep(&cart, black_box(5)) as i32); }
)";

TEST_F(LanguagesTest, RustNamesOfBothForms) {
  if (run({"rustc", "--version"}) != 0) GTEST_SKIP() << "Rust is not installed";
  const std::string source = folder_ / "shop.rs", program = folder_ / "rusty";
  write_file(source, kRust);
  for (const bool legacy : {false, true}) {
    std::vector<std::string> command{"rustc", "-O", source, "-o", program, "-C"};
    command.emplace_back(legacy ? "symbol-mangling-version=legacy" : "symbol-mangling-version=v0");
    if (run(command) != 0) continue;  // the older form is not offered by every compiler
    const RealProgram running({program});
    Sampling sampling({running.pid()},
                      {.programs = {.sample_rate = 997}, .naming = {.demangling = Demangling::kSimplified}});
    sampling.run(running, 0.15);
    const std::string stack = sampling.stack_with(running.pid(), "shop::main");
    EXPECT_THAT(stack,
                HasSubstr(";shop::deep;shop::deep;shop::deep;shop::deep;shop::deep;shop::deep;shop::main;"));
    EXPECT_THAT(stack, EndsWith("_start;"));
    EXPECT_THAT(stack, HasSubstr("Cart"));
    EXPECT_THAT(stack, Not(HasSubstr("::h")));
  }
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

TEST_F(LanguagesTest, NamesFunctionsAndLinesOfAStrippedGoProgram) {
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

constexpr const char* kGoroutines = R"(
package main

import "time"

var sum uint64

type Item struct{ size uint64 }

func (i *Item) grow(by uint64) { // inlined
	for n := uint64(0); n < 100; n++ {
		i.size += by * n // line 12
	}
}

func twice(i *Item) { // inlined, with what it calls
	i.grow(2) // line 17
	sum++
}

//go:noinline
func worker(i *Item) {
	for {
		twice(i) // line 24
	}
}

func main() {
	go worker(&Item{})
	go func() { worker(&Item{}) }()
	time.Sleep(time.Minute)
}
)";

TEST_F(LanguagesTest, GoroutinesShowWhatIsInlinedInThem) {
  if (run({"go", "version"}) != 0) GTEST_SKIP() << "Go is not installed";
  const std::string source = folder_ / "main.go", program = folder_ / "routines";
  write_file(source, kGoroutines);
  for (const bool stripped : {false, true}) {
    ASSERT_EQ(run({"go", "build", stripped ? "-ldflags=-s -w" : "-ldflags=", "-o", program, source}), 0);
    const RealProgram running({program});
    Sampling sampling({running.pid()});
    sampling.run(running, 0.3);
    const std::string stack = sampling.stack_with_text(running.pid(), "main.(*Item).grow:");
    EXPECT_THAT(stack, HasSubstr(";main.twice:17;main.worker:24;main.main."));
    EXPECT_THAT(stack, HasSubstr(";runtime.goexit:"));
    EXPECT_FALSE(sampling.stack_with_text(running.pid(), ";main.main.func1:").empty())
        << "the other goroutine";
    EXPECT_LT(share_ending_with(sampling, running.pid(), "[unknown];"), 0.3) << "until its table is there";
  }
}

constexpr const char* kScript = R"(
function shopTotal(n) { let s = 0; for (let i = 0; i < 100000; ++i) s = (s * i + n) % 1000003; return s; }
function shopDeep(n) { if (n === 0) { for (;;) shopTotal(3); } return shopDeep(n - 1) + 1; }
setTimeout(() => process.exit(), 60000);
shopDeep(5);
)";

TEST_F(LanguagesTest, NodeHasNamesByItsPerfMap) {
  if (run({"node", "--version"}) != 0) GTEST_SKIP() << "Node.js is not installed";
  const std::string script = folder_ / "shop.js";
  write_file(script, kScript);
  for (const bool named : {true, false}) {
    std::vector<std::string> command{"node"};
    if (named)  // the option also turns on V8's own log
      command.insert(command.end(), {"--perf-basic-prof", "--no-logfile-per-isolate", "--logfile=/dev/null"});
    command.push_back(script);
    const RealProgram running(command);
    Sampling sampling({running.pid()});
    sampling.run(running, 0.5);  // until its table is there
    sampling.forget();
    sampling.run(running, 0.2);
    const std::string stack = sampling.stack_with_text(running.pid(), ";Builtins_JSEntry;");
    EXPECT_EQ(stack.find("shopTotal") != std::string::npos, named) << stack;
    EXPECT_THAT(stack, EndsWith("_start;"));
    unlink(("/tmp/perf-" + std::to_string(running.pid()) + ".map").c_str());
  }
}

constexpr const char* kJava = R"(
public class Shop {
  static volatile long sum;
  static void shopTotal() { for (int i = 0; i < 100000; ++i) sum = sum * i + 3; }
  static void shopDeep(int n) { if (n == 0) { long end = System.nanoTime() + 60_000_000_000L; while (System.nanoTime() < end) shopTotal(); } else { shopDeep(n - 1); sum++; } }
  public static void main(String[] args) { shopDeep(5); }
}
)";

TEST_F(LanguagesTest, JavaHasNamesByAPerfMap) {
  if (run({"javac", "-version"}) != 0 || run({"jcmd", "-h"}) != 0) GTEST_SKIP() << "a JDK is not installed";
  write_file(folder_ / "Shop.java", kJava);
  ASSERT_EQ(run({"javac", "-d", folder_ / "", folder_ / "Shop.java"}), 0);
  const RealProgram running({"java", "-XX:+PreserveFramePointer", "-cp", folder_ / "", "Shop"});
  Sampling sampling({running.pid()});
  sampling.run(running, 2);  // until it is compiled
  const std::string pid = std::to_string(running.pid());
  const int told = run({"jcmd", pid, "Compiler.perfmap"});
  unlink(("/tmp/.java_pid" + pid).c_str());  // the socket that jcmd asked for
  if (told != 0) GTEST_SKIP() << "this JVM writes no perf map";
  sampling.run(running, 0.3);
  EXPECT_FALSE(sampling.stack_with_text(running.pid(), "Shop.shopTotal").empty());
  unlink(("/tmp/perf-" + pid + ".map").c_str());
}

}  // namespace
}  // namespace invar::ebpf
