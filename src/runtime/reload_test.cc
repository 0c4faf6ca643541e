// The reload matrix of runtime.md 9: what changes, what survives, what a failed reload leaves. Shutdown: the end of the file.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Rig;
using ::testing::UnorderedElementsAre;

constexpr const char* kBase = R"(
  toy.sum "a" { value = 1 }
  toy.sum "b" { inputs = [toy.sum.a.sum] }
  toy.count "c" { }
  knob { text = "one" }
)";

TEST(Reload, TheSameTextTouchesNothing) {
  Rig rig;
  rig.run(kBase);
  rig.toys.take_events();
  const auto result = rig.reload(kBase);
  EXPECT_TRUE(result.applied && result.diagnostics.empty());
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());
  EXPECT_THAT(rig.knob, ElementsAre("one"));
}

TEST(Reload, OnlyWhatChangedIsUpdated) {
  Rig rig;
  rig.run(kBase);
  rig.loop.advance(seconds(3));
  rig.toys.take_events();
  rig.reload(R"(
    // Moved, commented, and written in another way.
    knob { text = "two" }
    toy.count "c" { frequency = "1000ms" }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "a" { value = 1 + 1 }
  )");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.a", "update toy.sum.b"));
  EXPECT_THAT(rig.knob, ElementsAre("one", "two"));
  EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "2");
  rig.loop.advance(seconds(1));
  EXPECT_EQ(rig.exported("toy.count.c", "count"), "4");  // it went on counting
}

TEST(Reload, RemovedStopDependantsFirstAndNewOnesStartAfterwards) {
  Rig rig;
  rig.run(kBase);
  rig.toys.take_events();
  rig.reload(R"(
    toy.sum "n" { inputs = [toy.sum.m.sum] }
    toy.sum "m" { }
    toy.count "c" { }
  )");
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("build toy.sum.m", "build toy.sum.n", "stop toy.sum.b", "destroy toy.sum.b",
                          "stop toy.sum.a", "destroy toy.sum.a", "start toy.sum.m", "start toy.sum.n"));
  EXPECT_THAT(rig.ids(), ElementsAre("toy.sum.n", "toy.sum.m", "toy.count.c"));
  EXPECT_THAT(rig.knob, ElementsAre("one", "default"));
}

TEST(Reload, ANewLabelOrTypeIsANewInstance) {
  Rig rig;
  rig.run(R"(toy.echo "a" { input = "x" })");
  rig.toys.take_events();
  rig.reload(R"(toy.echo "b" { input = "x" })");
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("build toy.echo.b", "stop toy.echo.a", "destroy toy.echo.a", "start toy.echo.b"));
  rig.reload(R"(string.toy "b" { input = "x" })");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build string.toy.b", "stop toy.echo.b",
                                                  "destroy toy.echo.b", "start string.toy.b"));
}

TEST(Reload, ARejectedLoadChangesNothingAtAll) {
  const struct {
    const char* why;
    const char* text;
    bool sources_rejected;
  } rows[] = {
      {"syntax", "toy.sum \"a\" { value = }", true},
      {"attribute at the top level", "toy.sum \"a\" { value = 9 }\nx = 1", true},
      {"unknown component", "toy.sum \"a\" { value = 9 }\ntoy.sun \"b\" { }", false},
      {"duplicate", "toy.sum \"a\" { value = 9 }\ntoy.sum \"a\" { value = 10 }", false},
      {"cycle", "toy.sum \"a\" { value = toy.sum.b.sum }\ntoy.sum \"b\" { value = toy.sum.a.sum }", false},
      {"self reference", "toy.sum \"a\" { value = toy.sum.a.sum }", false},
      {"bad reference", "toy.sum \"a\" { value = toy.sum.q.sum }", false},
      {"misplaced block", "toy.sum \"a\" { value = 9 }\nargument \"x\" { }", false},
      {"module block", "toy.sum \"a\" { value = 9 }\ndeclare \"x\" {\n x \"y\" { }\n}", false},
  };
  for (const auto& row : rows) {
    Rig rig;
    rig.run(kBase);
    rig.toys.take_events();
    const auto result = rig.reload(row.text);
    EXPECT_FALSE(result.applied) << row.why;
    EXPECT_FALSE(result.diagnostics.empty()) << row.why;
    EXPECT_EQ(result.sources_rejected, row.sources_rejected) << row.why;
    EXPECT_THAT(rig.toys.take_events(), IsEmpty()) << row.why;
    EXPECT_THAT(rig.knob, ElementsAre("one")) << row.why;
    EXPECT_THAT(rig.ids(), ElementsAre("toy.sum.a", "toy.sum.b", "toy.count.c")) << row.why;

    // The old text is what later changes are evaluated with.
    rig.toys.publish_sum("toy.sum.a", 5);
    rig.loop.run_until_idle();
    EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.b")) << row.why;
    EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "5") << row.why;
    rig.loop.advance(seconds(1));
    EXPECT_EQ(rig.exported("toy.count.c", "count"), "1") << row.why;
  }
}

TEST(Reload, ChangesOnTheirWayAreNotLostByARejectedLoad) {
  Rig rig;
  rig.run(kBase);
  rig.toys.publish_sum("toy.sum.a", 5);
  EXPECT_FALSE(rig.load("toy.sun \"a\" { }").applied);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "5");
}

TEST(Reload, WhenNodesFailTheRestIsApplied) {
  Rig rig;
  rig.run(R"(
    toy.sum "failing" { value = 1 }
    toy.sum "user" { inputs = [toy.sum.failing.sum] }
    toy.sum "removed" { }
    toy.sum "good" { value = 1 }
  )");
  rig.toys.take_events();
  const auto result = rig.reload(R"(
    toy.sum "failing" {
      value = 2
      fail  = "update"
    }
    toy.sum "user" { inputs = [toy.sum.failing.sum, 10] }
    toy.sum "good" { value = 2 }
    toy.sum "stillborn" { fail = "build" }
    toy.sum "new" { inputs = [toy.sum.stillborn.sum] }
    knob { text = "two" }
  )");
  EXPECT_TRUE(result.applied);
  EXPECT_EQ(
      load_error_text("main.alloy", result),
      "error during the initial load: main.alloy:2:5: Failed to build component: updating component: told to "
      "fail (and 1 more diagnostics)");
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("update failed toy.sum.failing", "update toy.sum.user", "update toy.sum.good",
                          "build failed toy.sum.stillborn", "build toy.sum.new", "stop toy.sum.removed",
                          "destroy toy.sum.removed", "start toy.sum.new"));
  EXPECT_EQ(rig.exported("toy.sum.user", "sum"), "11");
  EXPECT_EQ(rig.health("toy.sum.failing"),
            "unhealthy: component evaluation failed: updating component: told to fail");
  EXPECT_EQ(rig.controller->details("toy.sum.failing")->arguments.statements.at(0).value->to_text(), "1");
  EXPECT_EQ(rig.health("toy.sum.stillborn"),
            "unhealthy: component evaluation failed: building component: told to fail");
  EXPECT_EQ(rig.health("toy.sum.new"), "healthy: started component");
  EXPECT_THAT(rig.controller->unhealthy_component_names(), ElementsAre("toy.sum", "toy.sum"));
  EXPECT_THAT(rig.knob, ElementsAre("default", "two"));
}

TEST(Reload, AFailedUpdateIsTriedAgainEvenWithTheOldText) {
  Rig rig;
  const char* good = "toy.sum \"a\" { value = 1 }";
  rig.run(good);
  rig.reload("toy.sum \"a\" { fail = \"update\" }");
  rig.toys.take_events();
  rig.loop.advance(seconds(1));
  rig.reload(good);
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.a"));
  EXPECT_EQ(rig.health("toy.sum.a"), "healthy: component evaluated");
  rig.reload(good);
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());
}

TEST(Reload, ARefusedConfigBlockIsOfferedAgain) {
  Rig rig;
  rig.run("service { text = \"a\" }");
  const auto result = rig.reload("service { text = \"refuse\" }");
  EXPECT_EQ(result.diagnostics.summary(), "main.alloy:1:1: Failed to evaluate service: told to refuse");
  rig.reload("service { text = \"a\" }");
  EXPECT_THAT(rig.service, ElementsAre("a", "refuse", "a"));
}

TEST(Reload, AFailedBuildIsTriedAgainAndThenStarted) {
  Rig rig;
  rig.run("");
  rig.reload("toy.sum \"a\" { fail = \"build\" }");
  rig.toys.take_events();
  EXPECT_TRUE(rig.reload("toy.sum \"a\" { }").diagnostics.empty());
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.sum.a", "start toy.sum.a"));
}

TEST(Reload, AComponentFirstBuiltForAChangeOfExportsIsStartedAtOnce) {
  Rig rig;
  rig.run("toy.count \"c\" { }");
  rig.reload(R"(
    toy.count "c" { }
    toy.sum "a" { value = 10 / toy.count.c.count }
  )");
  EXPECT_THAT(rig.health("toy.sum.a"), HasSubstr("unhealthy: "));
  rig.toys.take_events();
  rig.loop.advance(seconds(1));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.sum.a", "start toy.sum.a"));
  EXPECT_EQ(rig.exported("toy.sum.a", "sum"), "10");
}

TEST(Reload, WhatFailsForWantOfAnotherNamesThatOne) {
  Rig rig;
  rig.run("toy.sum \"a\" { value = 1 }");
  rig.clear_log();
  rig.reload(R"(
    toy.sum "a" { value = 1 }
    toy.sum "gone" { fail = "build" }
    toy.sum "user" { value = 10 / toy.sum.gone.sum }
    toy.sum "last" { value = 10 / toy.sum.user.sum }
  )");
  EXPECT_EQ(rig.health("toy.sum.user"),
            "unhealthy: component evaluation failed: it needs toy.sum.gone, which failed");
  EXPECT_EQ(rig.health("toy.sum.last"),
            "unhealthy: component evaluation failed: it needs toy.sum.user, which failed");
  EXPECT_THAT(rig.log_text(), Not(HasSubstr("divide by zero")));
  rig.reload("toy.sum \"gone\" { value = 5 }\ntoy.sum \"user\" { value = 10 / toy.sum.gone.sum }");
  EXPECT_EQ(rig.exported("toy.sum.user", "sum"), "2");
  EXPECT_EQ(rig.health("toy.sum.user"), "healthy: started component");
}

TEST(Reload, AnExporterThatFailsToBuildShowsZeroValues) {
  Rig rig;
  rig.run("");
  rig.reload(R"(
    toy.sum "a" { fail = "build" }
    toy.sum "b" {
      value  = 4
      inputs = [toy.sum.a.sum]
    }
  )");
  EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "4");
}

TEST(Reload, ANamesakeIsBuiltWhenTheOldOneHasStopped) {
  Rig rig;
  rig.run("toy.slow \"a\" { input = \"old\" }");
  rig.reload("");
  EXPECT_TRUE(rig.toys.stop_held("toy.slow.a"));
  rig.toys.take_events();
  const auto result = rig.reload(R"(
    toy.slow "a" { input = "new" }
    toy.echo "b" { input = toy.slow.a.output }
  )");
  EXPECT_TRUE(result.diagnostics.empty());
  EXPECT_EQ(rig.health("toy.slow.a"), "unknown: component created");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.echo.b"));
  rig.toys.release_stop("toy.slow.a");
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(),
              UnorderedElementsAre("destroy toy.slow.a", "build toy.slow.a", "start toy.slow.a",
                                   "start toy.echo.b", "update toy.echo.b"));
  EXPECT_EQ(rig.exported("toy.echo.b", "output"), "\"new\"");
}

TEST(Reload, NewComponentsWaitForThoseThatStop) {
  Rig rig;
  rig.run("toy.slow \"a\" { input = \"old\" }");
  rig.toys.take_events();
  rig.reload("toy.echo \"b\" { input = \"x\" }");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.echo.b", "stop toy.slow.a"));
  rig.reload("toy.echo \"b\" { input = \"y\" }\ntoy.echo \"c\" { input = \"z\" }\n");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.echo.b", "build toy.echo.c"));
  rig.toys.release_stop("toy.slow.a");
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("destroy toy.slow.a", "start toy.echo.b", "start toy.echo.c"));
}

TEST(Reload, ErrorTextsNameTheKindOfFailure) {
  Rig rig;
  rig.run("");
  EXPECT_EQ(load_error_text("c.alloy", rig.load("")), "");
  EXPECT_EQ(load_error_text("c.alloy", rig.load("a = 1\nb = 2")),
            "reading config path \"c.alloy\": main.alloy:1:1: unrecognized attribute a");
  EXPECT_EQ(load_error_text("c.alloy", rig.load("qqqqqqq \"x\" { }")),
            "error during the initial load: main.alloy:1:1: cannot find the definition of component name "
            "\"qqqqqqq\"");
  EXPECT_EQ(reading_error_text("c.alloy", "stat c.alloy: no such file or directory"),
            "reading config path \"c.alloy\": stat c.alloy: no such file or directory");
}

// ---- shutdown

TEST(Stop, RunsInReverseOrderOfDependencies) {
  Rig rig;
  rig.run(R"(
    toy.sum "c" { inputs = [toy.sum.b.sum] }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "a" { }
  )");
  rig.toys.take_events();
  rig.stop();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("stop toy.sum.c", "stop toy.sum.b", "stop toy.sum.a"));
  EXPECT_EQ(rig.health("toy.sum.a"), "exited: component shut down cleanly");
  EXPECT_THAT(rig.log_text(), HasSubstr("level=info msg=\"node exited without error\" controller_id=\"\" "
                                        "node=toy.sum.c\n"));
  EXPECT_THAT(rig.log_text(), Not(HasSubstr("level=error")));
}

TEST(Stop, BeforeStartStopsNothing) {
  Rig rig;
  rig.load("toy.sum \"a\" { }");
  rig.toys.take_events();
  rig.stop();
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());
}

TEST(Stop, WaitsForWhatAReloadIsStillStopping) {
  Rig rig;
  rig.run("toy.slow \"a\" { input = \"x\" }\ntoy.echo \"b\" { input = \"x\" }\n");
  rig.reload("toy.echo \"b\" { input = \"x\" }\n");
  bool done = false;
  rig.controller->stop([&] { done = true; });
  rig.loop.run_until_idle();
  EXPECT_FALSE(done);
  rig.toys.release_stop("toy.slow.a");
  rig.loop.run_until_idle();
  EXPECT_TRUE(done);
}

TEST(Stop, LoadsAreRefusedAfterwards) {
  Rig rig;
  rig.run("toy.sum \"a\" { }");
  rig.stop();
  rig.toys.take_events();
  EXPECT_FALSE(rig.reload("toy.sum \"b\" { }").applied);
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());
}

}  // namespace
}  // namespace invar::runtime
