// What is decided about a process, from what the kernel says of it.
#include <gtest/gtest.h>

#include <chrono>

#include "java/attach.h"
#include "java/process.h"
#include "java/suitable.h"

namespace invar::java {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kStatus =
    "Name:\tjava\nState:\tS (sleeping)\nUid:\t1000\t1001\t1000\t1000\nGid:\t1000\t1002\t1000\t1000\n"
    "NStgid:\t4711\t12\nSigCgt:\t2000000181005ccf\n";

TEST(Process, StatusIsReadAsTheJvmSeesItself) {
  ProcessFacts facts;
  read_status(kStatus, facts);
  EXPECT_EQ(facts.uid, 1001U);
  EXPECT_EQ(facts.gid, 1002U);
  EXPECT_EQ(facts.inner_pid, 12);
  EXPECT_TRUE(facts.catches_quit);
  EXPECT_FALSE(facts.is_stopped);
  read_status("Name:\tsleep\nState:\tT (stopped)\nSigCgt:\t0000000000000000\n", facts);
  EXPECT_FALSE(facts.catches_quit);
  EXPECT_TRUE(facts.is_stopped);
}

TEST(Process, AProcessNamedToMisleadHasItsOwnStartTime) {
  EXPECT_EQ(start_ticks_of("7 (a) S 1 2) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2"), 987654U);
  EXPECT_EQ(start_ticks_of(""), 0U);
  EXPECT_EQ(start_ticks_of("7 (a)"), 0U);
}

TEST(Process, RootOfAUserNamespaceIsFound) {
  EXPECT_EQ(root_uid_of("         0          0 4294967295\n"), 0U);
  EXPECT_EQ(root_uid_of("         0     100000      65536\n"), 100000U);
  EXPECT_EQ(root_uid_of("      1000       1000          1\n"), 0U);
}

TEST(Process, LibrariesAreThoseThatMatter) {
  const auto found = libraries_of(
      "7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/jvm/lib/server/libjvm.so\n"
      "7f01-7f02 rw-p 00000000 fe:00 1 /usr/lib/jvm/lib/server/libjvm.so\n"
      "7f02-7f03 r-xp 00000000 fe:00 2 /lib/libc.so.6\n"
      "7f03-7f04 r-xp 00000000 fe:00 3 /tmp/libasyncProfiler-x.so (deleted)\n"
      "7f04-7f05 rw-p 00000000 00:00 0 [heap]\n");
  EXPECT_EQ(found, (std::vector<std::string>{"/usr/lib/jvm/lib/server/libjvm.so",
                                             "/tmp/libasyncProfiler-x.so (deleted)"}));
}

ProcessFacts jvm() {
  ProcessFacts facts;
  facts.inner_pid = 1;
  facts.catches_quit = true;
  facts.libraries = {"/opt/java/lib/server/libjvm.so"};
  facts.options = {"java", "-jar", "shop.jar"};
  return facts;
}

struct Unsuitable {
  const char* name;
  void (*change)(ProcessFacts&);
  TroubleKind kind;
  const char* sentence;
};

class Suitable : public ::testing::TestWithParam<Unsuitable> {};

TEST_P(Suitable, IsSaidWithTheReason) {
  ProcessFacts facts = jvm();
  ASSERT_TRUE(check_suitable(facts));
  GetParam().change(facts);
  const auto checked = check_suitable(facts);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(), (Trouble{GetParam().kind, GetParam().sentence}));
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, Suitable,
    ::testing::Values(
        Unsuitable{"NoJvm", [](ProcessFacts& f) { f.libraries.clear(); }, TroubleKind::kNotJvm,
                   "not a HotSpot JVM: libjvm.so is not loaded"},
        Unsuitable{"NoHandler", [](ProcessFacts& f) { f.catches_quit = false; }, TroubleKind::kNotJvm,
                   "not ready: it does not catch SIGQUIT (yet)"},
        Unsuitable{"OpenJ9", [](ProcessFacts& f) { f.libraries.push_back("/opt/libj9vm29.so"); },
                   TroubleKind::kUnsupported, "OpenJ9 is not supported"},
        Unsuitable{"Disabled", [](ProcessFacts& f) { f.options.push_back("-XX:+DisableAttachMechanism"); },
                   TroubleKind::kAttachDisabled, "attaching is disabled by -XX:+DisableAttachMechanism"},
        Unsuitable{"ReducedSignals", [](ProcessFacts& f) { f.options.push_back("-Xrs"); },
                   TroubleKind::kAttachDisabled, "attaching is disabled by -Xrs"},
        Unsuitable{"Stopped", [](ProcessFacts& f) { f.is_stopped = true; }, TroubleKind::kNoAnswer,
                   "JVM does not answer: it is stopped"},
        Unsuitable{"OldKernel", [](ProcessFacts& f) { f.inner_pid = 0; }, TroubleKind::kUnsupported,
                   "the kernel does not tell the process's own id: Linux 4.1 is needed"}),
    [](const auto& test) { return test.param.name; });

TEST(Suitable, WhatStandsLastCounts) {
  ProcessFacts facts = jvm();
  facts.options.insert(facts.options.end(), {"-XX:+DisableAttachMechanism", "-XX:-DisableAttachMechanism"});
  EXPECT_TRUE(check_suitable(facts));
}

TEST(Suitable, AnotherCopyOfTheProfilerIsUsed) {
  ProcessFacts facts = jvm();
  EXPECT_EQ(loaded_profiler(facts), "");
  facts.libraries.push_back("/tmp/libasyncProfiler-1.so (deleted)");
  EXPECT_EQ(loaded_profiler(facts), "/tmp/libasyncProfiler-1.so");
}

TEST(Attach, AnswersOfTheJvmAreUnderstood) {
  EXPECT_TRUE(read_load_answer("0\nreturn code: 0\n"));
  EXPECT_TRUE(read_load_answer("0\n0\n"));  // JDK 8
  EXPECT_EQ(read_load_answer("").error().kind, TroubleKind::kGone);
  EXPECT_EQ(read_load_answer("0\nreturn code: 200\n").error(),
            (Trouble{TroubleKind::kAgentRefused, "async-profiler refused: return code 200"}));
  EXPECT_EQ(
      read_load_answer("-1\n/tmp/x.so was not loaded.\n/tmp/x.so: cannot open shared object file\n").error(),
      (Trouble{
          TroubleKind::kLibraryRefused,
          "the JVM did not load async-profiler: /tmp/x.so was not loaded.\n/tmp/x.so: cannot open shared "
          "object file"}));
  EXPECT_EQ(read_load_answer("0\n/tmp/x.so was not loaded.\n").error().kind, TroubleKind::kLibraryRefused);
  EXPECT_EQ(read_load_answer("101").error().kind, TroubleKind::kLibraryRefused);
}

TEST(Trouble, IsLookedAtAgainByItsReason) {
  const auto interval = seconds(60);
  EXPECT_EQ(retry_after(TroubleKind::kGone, 1, interval), seconds(1));
  EXPECT_EQ(retry_after(TroubleKind::kAgentRefused, 4, interval), seconds(8));
  EXPECT_EQ(retry_after(TroubleKind::kNotJvm, 1000, interval), minutes(5));
  EXPECT_EQ(retry_after(TroubleKind::kForeignProfiler, 7, interval), interval);
  EXPECT_EQ(retry_after(TroubleKind::kNoDirectory, 1, interval), minutes(10));
  EXPECT_EQ(retry_after(TroubleKind::kAttachDisabled, 1, interval), minutes(10));
}

}  // namespace
}  // namespace invar::java
