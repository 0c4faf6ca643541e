// The rounds of many JVMs in virtual time, against a driver that only tells what was asked of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "component/testing/component_harness.h"
#include "components/pyroscope/java/profiler.h"
#include "jfr/testing/recordings.h"
#include "pipeline/testing/recording_receiver.h"

namespace invar::components::pyroscope_java {
namespace {

using component::Severity;
using component::Target;
using java::TroubleKind;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string recording() {
  jfr::testing::ChunkWriter chunk;
  chunk.setting(jfr::testing::ChunkWriter::kExecution, "event", "itimer");
  const auto stack = chunk.stack({{"shop/Cart", "total", 7}});
  chunk.sample(jfr::testing::ChunkWriter::kExecution, {.stack = stack});
  chunk.sample(jfr::testing::ChunkWriter::kMonitor, {.stack = stack, .amount = 5});
  return chunk.finish();
}

// What JVMs would do, decided by the test.
struct FakeJvms : java::Driver, std::enable_shared_from_this<FakeJvms> {
  class One final : public java::Session {
   public:
    explicit One(std::shared_ptr<FakeJvms> jvms) : jvms_(std::move(jvms)) {}
    [[nodiscard]] const java::SessionInfo& info() const override { return info_; }
    java::Turn turn(const java::Plan& plan) override {
      jvms_->calls.push_back("turn");
      jvms_->plans.push_back(plan);
      java::Turn turn{.recording = recording(), .next = {}};
      if (jvms_->turn_trouble) {
        turn.recording = std::unexpected(*jvms_->turn_trouble);
        turn.next = std::unexpected(*jvms_->turn_trouble);
      }
      return turn;
    }
    java::Outcome<std::string> end(const java::Plan&) override {
      jvms_->calls.push_back("end");
      return recording();
    }

   private:
    std::shared_ptr<FakeJvms> jvms_;
    const java::SessionInfo info_{"HotSpot 17", "/tmp/lib.so", "/tmp"};
  };

  java::Outcome<java::Begun> begin(int pid, const java::Plan& plan) override {
    calls.push_back("begin " + std::to_string(pid));
    plans.push_back(plan);
    if (begin_trouble) return std::unexpected(*begin_trouble);
    return java::Begun{std::make_shared<One>(shared_from_this()), recovered};
  }

  std::vector<std::string> calls;
  std::vector<java::Plan> plans;
  std::optional<java::Trouble> begin_trouble, turn_trouble;
  std::string recovered;
};

class Rounds : public ::testing::Test {
 protected:
  Rounds() {
    arguments_.forward_to = {receiver_, nullptr};
    profiler_.emplace(
        harness_.options(),
        Profiler::World{.driver = jvms_,
                        .make_pool =
                            [this] {
                              auto pool = std::make_unique<async::testing::InlineWorkerPool>(harness_.loop);
                              pool->set_paused(hang_);
                              return pool;
                            },
                        .random = [n = std::uint64_t{0}]() mutable { return ++n; },
                        .missing_privileges = {"KILL"}});
  }
  void targets(int count, const char* team = "shop") {
    arguments_.targets.clear();
    for (int pid = 1; pid <= count; ++pid)
      arguments_.targets.push_back(
          Target(Target::Map{{"__process_pid__", std::to_string(pid)}, {"team", team}}));
  }
  void update() {
    profiler_->update(arguments_, library_);
    harness_.loop.run_until_idle();
  }
  void start() {
    update();
    profiler_->start();
    harness_.loop.advance(seconds(5));  // the phase
  }
  bool stop() {
    bool stopped = false;
    profiler_->stop([&stopped] { stopped = true; });
    harness_.loop.run_until_idle();
    return stopped;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& profile : receiver_->taken) names.emplace_back(profile->type());
    return names;
  }
  bool metric(const std::string& line) {
    const std::string text = harness_.metric_lines("pyroscope_java_");
    if (text.find(line + "\n") != std::string::npos) return true;
    ADD_FAILURE() << text;
    return false;
  }

  component::testing::ComponentHarness harness_{"pyroscope.java.t"};
  std::shared_ptr<FakeJvms> jvms_ = std::make_shared<FakeJvms>();
  std::shared_ptr<pipeline::testing::RecordingReceiver> receiver_ =
      std::make_shared<pipeline::testing::RecordingReceiver>();
  Arguments arguments_;
  java::LibraryPtr library_ = java::make_library("library");
  bool hang_ = false;
  std::optional<Profiler> profiler_;
};

TEST_F(Rounds, EachGivesItsProfiles) {
  targets(1);
  start();
  EXPECT_THAT(jvms_->calls, ElementsAre("begin 1"));
  EXPECT_THAT(receiver_->taken, IsEmpty());
  harness_.loop.advance(seconds(60));
  EXPECT_THAT(jvms_->calls, ElementsAre("begin 1", "turn"));
  EXPECT_THAT(names(), ElementsAre("process_cpu", "mutex"));
  EXPECT_EQ(receiver_->taken[0]->labels, (Labels{{"__delta__", "false"},
                                                 {"__name__", "process_cpu"},
                                                 {"jfr_event", "itimer"},
                                                 {"pyroscope_spy", "invar.java"},
                                                 {"service_name", "unspecified"},
                                                 {"team", "shop"}}));
  EXPECT_NE(jvms_->plans[0].random, jvms_->plans[1].random);
  EXPECT_THAT(profiler_->problems(Severity::kDegraded), IsEmpty());
  metric("pyroscope_java_rounds_total{component_id=\"pyroscope.java.t\",result=\"success\"} 1");
  metric("pyroscope_java_targets{component_id=\"pyroscope.java.t\",state=\"recording\"} 1");
  metric("pyroscope_java_events_total{component_id=\"pyroscope.java.t\",type=\"jdk.ExecutionSample\"} 1");
  metric("pyroscope_java_events_total{component_id=\"pyroscope.java.t\",type=\"jdk.JavaMonitorEnter\"} 1");
  metric(
      "pyroscope_java_events_total{component_id=\"pyroscope.java.t\",type=\"other\"} 3");  // settings, mostly
}

TEST_F(Rounds, ManyJvmsDoNotStopAtOneInstant) {
  targets(100);
  update();
  profiler_->start();
  harness_.loop.advance(std::chrono::milliseconds(2500));
  EXPECT_GT(jvms_->calls.size(), 20U);
  EXPECT_LT(jvms_->calls.size(), 80U);
  harness_.loop.advance(std::chrono::milliseconds(2500));
  EXPECT_EQ(jvms_->calls.size(), 100U);
}

TEST_F(Rounds, ChangesHoldFromTheNextRound) {
  targets(1);
  start();
  targets(1, "cart");
  arguments_.profiling.interval = seconds(10);
  arguments_.profiling.event = "cpu";
  update();
  EXPECT_THAT(jvms_->calls, ElementsAre("begin 1")) << "a reload ended the recording";
  harness_.loop.advance(seconds(10));
  ASSERT_THAT(jvms_->calls, ElementsAre("begin 1", "turn"));
  EXPECT_THAT(jvms_->plans[1].options, ::testing::StartsWith("event=cpu,"));
  EXPECT_EQ(receiver_->taken.at(0)->labels.get("team"), "cart");
}

TEST_F(Rounds, AProcessThatIsNotNamedAnyMoreEndsAndItsRoundIsSent) {
  targets(2);
  start();
  targets(1);
  update();
  EXPECT_EQ(jvms_->calls.back(), "end");
  EXPECT_EQ(receiver_->taken.size(), 2U);
  targets(2);
  update();
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(jvms_->calls.back(), "begin 2") << "a process named again is profiled again";
}

TEST_F(Rounds, NoneWaitsForWhatBecomesOfTheLast) {
  targets(1);
  start();
  harness_.pool.set_paused(true);
  harness_.loop.advance(seconds(120));
  EXPECT_THAT(jvms_->calls, ElementsAre("begin 1", "turn", "turn"));
  EXPECT_THAT(receiver_->taken, IsEmpty());
  harness_.pool.set_paused(false);
  harness_.loop.run_until_idle();
  EXPECT_EQ(receiver_->taken.size(), 4U);
}

TEST_F(Rounds, StopSendsWhatWasRecorded) {
  targets(3);
  start();
  EXPECT_TRUE(stop());
  EXPECT_EQ(receiver_->taken.size(), 6U);
}

TEST_F(Rounds, AJvmThatHangsDoesNotHoldUpTheStop) {
  hang_ = true;
  targets(1);
  start();
  EXPECT_FALSE(stop());
  bool stopped = false;
  profiler_->stop([&stopped] { stopped = true; });
  harness_.loop.advance(std::chrono::milliseconds(1500));
  EXPECT_TRUE(stopped);
}

TEST_F(Rounds, WhatAnEarlierLifeRecordedIsSent) {
  jvms_->recovered = recording();
  targets(1);
  start();
  EXPECT_EQ(receiver_->taken.size(), 2U);
}

TEST_F(Rounds, ATroubleIsLookedAtAgainAndForgottenAfterAGoodRound) {
  jvms_->begin_trouble = {TroubleKind::kAgentRefused, "async-profiler refused: no"};
  targets(1);
  start();
  harness_.loop.advance(seconds(4));
  EXPECT_GE(jvms_->calls.size(), 3U);
  EXPECT_EQ(harness_.log_count("a process cannot be profiled"), 1);
  ASSERT_EQ(profiler_->problems(Severity::kDegraded).size(), 2U);
  EXPECT_EQ(profiler_->problems(Severity::kDegraded)[1].what, "process 1 (unspecified)");
  jvms_->begin_trouble.reset();
  harness_.loop.advance(minutes(3));
  EXPECT_THAT(profiler_->problems(Severity::kDegraded), IsEmpty());
}

TEST_F(Rounds, ALostRoundBeginsASessionAnew) {
  targets(1);
  start();
  jvms_->turn_trouble = {TroubleKind::kGone, "the JVM ended"};
  harness_.loop.advance(seconds(60));
  EXPECT_THAT(profiler_->problems(Severity::kDegraded), IsEmpty()) << "an end is no problem";
  EXPECT_THAT(jvms_->calls, ElementsAre("begin 1", "turn", "begin 1"));
  metric("pyroscope_java_rounds_total{component_id=\"pyroscope.java.t\",result=\"gone\"} 1");
}

TEST_F(Rounds, OneReasonForAllTargetsIsTheComponents) {
  jvms_->begin_trouble = {TroubleKind::kNoDirectory, "no directory"};
  targets(2);
  start();
  const auto problems = profiler_->problems(Severity::kFailing);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].sentence, "no target can be profiled: no directory");
}

TEST_F(Rounds, MissingPrivilegesAreNamed) {
  jvms_->begin_trouble = {TroubleKind::kNoPermission, "permission denied"};
  targets(1);
  start();
  EXPECT_EQ(profiler_->problems(Severity::kFailing).at(0).sentence,
            "pyroscope.java needs root, or the capabilities SYS_PTRACE, DAC_READ_SEARCH, KILL, SETUID and "
            "SETGID (missing: "
            "KILL)");
}

TEST_F(Rounds, WithoutALibraryNothingIsTouched) {
  library_ = nullptr;
  targets(1);
  start();
  EXPECT_THAT(jvms_->calls, IsEmpty());
  EXPECT_EQ(profiler_->problems(Severity::kFailing).at(0).sentence,
            "no target can be profiled: built without async-profiler: set dist");
}

TEST_F(Rounds, TargetsThatNameNoProcessAreSaidOnce) {
  targets(1);
  arguments_.targets.push_back(Target(Target::Map{{"team", "x"}}));
  arguments_.targets.push_back(Target(Target::Map{{"__process_pid__", "1"}, {"team", "last"}}));
  start();
  update();
  EXPECT_EQ(harness_.log_count("a target names no process"), 1);
  EXPECT_EQ(profiler_->problems(Severity::kDegraded).at(0).sentence, "could not find PID label");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(receiver_->taken.at(0)->labels.get("team"), "last");
}

TEST_F(Rounds, AReceiverThatRefusesIsCounted) {
  receiver_->answer = {.outcome = pipeline::Outcome::kRefused, .reason = "queue is full"};
  targets(1);
  start();
  harness_.loop.advance(seconds(60));
  metric("pyroscope_java_profiles_refused_total{component_id=\"pyroscope.java.t\"} 2");
}

}  // namespace
}  // namespace invar::components::pyroscope_java
