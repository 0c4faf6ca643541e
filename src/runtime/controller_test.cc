// Loading, evaluation, propagation and views, through the controller's own interface. Reloads: reload_test.cc.
#include "runtime/controller.h"
#include "runtime/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Rig;
using ::testing::UnorderedElementsAre;

TEST(Load, BuildsInDependencyOrderWhateverTheOrderOfTheText) {
  Rig rig;
  const auto result = rig.load(R"(
    toy.sum "c" { inputs = [toy.sum.b.sum, toy.sum.a.sum] }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "a" { value = 2 }
  )");
  EXPECT_TRUE(result.applied);
  EXPECT_TRUE(result.diagnostics.empty()) << result.diagnostics.render(false);
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.sum.a", "build toy.sum.b", "build toy.sum.c"));
  EXPECT_EQ(rig.exported("toy.sum.c", "sum"), "4");
}

TEST(Load, StartsNothingBeforeStart) {
  Rig rig;
  rig.load(R"(toy.count "a" { })");
  rig.loop.advance(seconds(5));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.count.a"));
  rig.controller->start();
  rig.loop.advance(seconds(5));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("start toy.count.a"));
  EXPECT_EQ(rig.exported("toy.count.a", "count"), "5");
}

TEST(Load, StartsDependenciesFirst) {
  Rig rig;
  rig.run(R"(
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "a" { }
  )");
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("build toy.sum.a", "build toy.sum.b", "start toy.sum.a", "start toy.sum.b"));
}

TEST(Load, AnEmptyConfigurationIsGood) {
  Rig rig;
  EXPECT_FALSE(rig.controller->ready());
  EXPECT_TRUE(rig.load_files({}).applied);
  EXPECT_TRUE(rig.controller->ready());
  EXPECT_THAT(rig.ids(), IsEmpty());
}

TEST(Load, SeveralFilesAreOneConfiguration) {
  Rig rig;
  const auto result = rig.load_files({{"a.alloy", "toy.echo \"x\" { input = toy.echo.y.output }\n"},
                                      {"b.alloy", "toy.echo \"y\" { input = \"from b\" }\n"}});
  EXPECT_TRUE(result.applied) << result.diagnostics.render(false);
  EXPECT_EQ(rig.exported("toy.echo.x", "output"), "\"from b\"");
}

TEST(Load, AFirstLoadWithAnyErrorLeavesNothing) {
  Rig rig;
  const auto result = rig.load(R"(
    toy.sum "good" { value = 1 }
    toy.sum "bad" { fail = "build" }
  )");
  EXPECT_FALSE(result.applied);
  EXPECT_FALSE(rig.controller->ready());
  EXPECT_EQ(result.diagnostics.size(), 1u);
  EXPECT_THAT(rig.ids(), IsEmpty());
  EXPECT_THAT(rig.toys.take_events(),
              UnorderedElementsAre("build toy.sum.good", "build failed toy.sum.bad", "destroy toy.sum.good"));
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr("toy_up")));

  EXPECT_TRUE(rig.load("toy.sum \"good\" { }").applied);
  rig.controller->start();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build toy.sum.good", "start toy.sum.good"));
}

TEST(Load, AllNodesAreEvaluatedWhenOneFails) {
  Rig rig;
  const auto result = rig.load(R"(
    toy.sum "c" { fail = "build" }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "a" { fail = "build" }
  )");
  ASSERT_EQ(result.diagnostics.size(), 2u);
  EXPECT_EQ(result.diagnostics.summary(),
            "main.alloy:2:5: Failed to build component: building component: told to fail (and 1 more "
            "diagnostics)");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build failed toy.sum.c", "build failed toy.sum.a",
                                                  "build toy.sum.b", "destroy toy.sum.b"));
}

TEST(Load, ModulePathIsAVariable) {
  Rig rig;
  rig.run(R"(toy.echo "a" { input = module_path })");
  EXPECT_EQ(rig.exported("toy.echo.a", "output"), "\"conf\"");
}

TEST(Load, ReferencesMayGoThroughIndexesAndWholeComponents) {
  Rig rig;
  rig.run(R"(
    toy.echo "a" { input = "x" }
    toy.echo "b" { input = toy.echo.a["output"] }
    toy.echo "c" { input = [toy.echo.b][0].output + toy.echo.a.output }
  )");
  EXPECT_EQ(rig.exported("toy.echo.c", "output"), "\"xx\"");
}

TEST(Load, AComponentHidesAStandardLibraryNameOnlyWhereItIsUsed) {
  Rig rig;
  rig.run(R"(
    string.toy "a" { input = "x" }
    toy.echo "b" { input = string.toy.a.output }
    toy.echo "c" { input = string.to_upper("y") }
  )");
  EXPECT_EQ(rig.exported("toy.echo.b", "output"), "\"x\"");
  EXPECT_EQ(rig.exported("toy.echo.c", "output"), "\"Y\"");
  EXPECT_THAT(rig.log_text(),
              HasSubstr("level=warn msg=\"a component is shadowing an existing stdlib name\""));
}

TEST(Load, DeprecatedFunctionsAreLoggedAtEveryLoad) {
  Rig rig;
  const char* text = R"(toy.echo "a" { input = to_upper("y") })";
  const char* line =
      "level=warn msg=\"this stdlib function is deprecated; please refer to the documentation "
      "for updated usage and alternatives\" controller_path=/ controller_id=\"\" function=to_upper";
  rig.run(text);
  EXPECT_THAT(rig.log_text(), HasSubstr(line));
  rig.clear_log();
  rig.reload(text);
  EXPECT_THAT(rig.log_text(), HasSubstr(line));
}

TEST(Load, ConfigBlocksGetTheirArgumentsOrTheDefaults) {
  Rig rig;
  rig.load("knob { text = toy.echo.a.output }\ntoy.echo \"a\" { input = \"x\" }\n");
  EXPECT_THAT(rig.knob, ElementsAre("x"));
  EXPECT_THAT(rig.service, ElementsAre("default"));
}

TEST(Load, LogsTheStagesOfTheEvaluation) {
  Rig rig;
  rig.run("toy.echo \"a\" { input = \"x\" }");
  EXPECT_THAT(rig.log_text(),
              ContainsRegex("msg=\"starting complete graph evaluation\" controller_path=/ controller_id=\"\" "
                            "trace_id=[0-9a-f]{32}\n"));
  EXPECT_THAT(rig.log_text(),
              ContainsRegex("msg=\"finished node evaluation\" controller_path=/ controller_id=\"\" "
                            "trace_id=[0-9a-f]{32} node_id=toy.echo.a duration=0s\n"));
  EXPECT_THAT(rig.log_text(), HasSubstr("msg=\"finished complete graph evaluation\""));
  EXPECT_THAT(rig.log_text(),
              HasSubstr("msg=\"scheduling loaded components and services\" controller_id=\"\"\n"));
}

// ---- exports and their way to dependants

TEST(Propagation, DependantsFollowInTheNextTurnAndTheirsInTheOneAfter) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { value = 1 }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "c" { inputs = [toy.sum.b.sum] }
    toy.sum "other" { }
  )");
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.a", 10);
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());  // not inside the caller's stack
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.b", "update toy.sum.c"));
  EXPECT_EQ(rig.exported("toy.sum.c", "sum"), "10");
}

TEST(Propagation, EqualExportsAreIgnored) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { value = 1 }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
  )");
  rig.toys.take_events();
  rig.clear_log();
  rig.toys.publish_sum("toy.sum.a", 1);
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(), IsEmpty());
  EXPECT_EQ(rig.log_text(), "");
}

TEST(Propagation, ADependantOfSeveralChangesIsEvaluatedOnce) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { }
    toy.sum "b" { }
    toy.sum "c" { inputs = [toy.sum.a.sum, toy.sum.b.sum] }
  )");
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.a", 1);
  rig.toys.publish_sum("toy.sum.b", 2);
  rig.toys.publish_sum("toy.sum.a", 3);
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.c"));
  EXPECT_EQ(rig.exported("toy.sum.c", "sum"), "5");
}

TEST(Propagation, InADiamondTheEndIsUpdatedOnce) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
    toy.sum "c" { inputs = [toy.sum.a.sum] }
    toy.sum "d" { inputs = [toy.sum.b.sum, toy.sum.c.sum] }
  )");
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.a", 1);
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("update toy.sum.b", "update toy.sum.c", "update toy.sum.d"));
  EXPECT_EQ(rig.exported("toy.sum.d", "sum"), "2");
}

TEST(Propagation, ReachesConfigBlocks) {
  Rig rig;
  rig.run(R"(
    toy.count "a" { }
    toy.echo "b" { input = toy.count.a.count }
    service { text = toy.echo.b.output }
  )");
  EXPECT_THAT(rig.service, ElementsAre("0"));
  rig.loop.advance(seconds(2));
  EXPECT_THAT(rig.service, ElementsAre("0", "1", "2"));
}

TEST(Propagation, FailuresAreLoggedAndTheNextTriggerTriesAgain) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { value = 1 }
    toy.sum "b" { value = 10 / toy.sum.a.sum }
  )");
  rig.clear_log();
  rig.toys.publish_sum("toy.sum.a", 0);
  rig.loop.run_until_idle();
  EXPECT_THAT(
      rig.log_text(),
      ContainsRegex("level=error msg=\"failed to evaluate config\" controller_path=/ controller_id=\"\" "
                    "trace_id=[0-9a-f]{32} node=toy.sum.b err=\"decoding configuration: "
                    "main.alloy:3:32: toy.sum.a.sum divide by zero error\"\n"));
  EXPECT_THAT(rig.health("toy.sum.b"),
              HasSubstr("unhealthy: component evaluation failed: decoding configuration: "));
  EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "10");
  rig.loop.advance(seconds(1));
  rig.toys.publish_sum("toy.sum.a", 2);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("toy.sum.b", "sum"), "5");
  EXPECT_EQ(rig.health("toy.sum.b"), "healthy: component evaluated");
}

TEST(Propagation, NothingMovesAfterStop) {
  Rig rig;
  rig.run(R"(
    toy.sum "a" { }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
  )");
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.a", 1);
  rig.stop();
  rig.toys.publish_sum("toy.sum.a", 2);
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("stop toy.sum.b", "stop toy.sum.a"));
}

// ---- views

TEST(View, ListsComponentsInTheOrderOfTheText) {
  Rig rig;
  rig.run(R"(
    toy.pulse "p" { forward_to = [toy.sink.s.receiver] }
    toy.sink "s" { }
    toy.sum "n" { inputs = [toy.sink.s.taken] }
  )");
  const auto views = rig.controller->list("");
  ASSERT_EQ(views.size(), 3u);
  EXPECT_EQ(views[0].name, "toy.pulse");
  EXPECT_EQ(views[0].local_id, "toy.pulse.p");
  EXPECT_EQ(views[0].module_id, "");
  EXPECT_EQ(views[0].label, "p");
  EXPECT_THAT(views[0].references_to, ElementsAre("toy.sink.s"));
  EXPECT_THAT(views[1].referenced_by, ElementsAre("toy.pulse.p", "toy.sum.n"));
  EXPECT_THAT(views[0].arguments.statements, IsEmpty());
  EXPECT_THAT(rig.controller->list("nothing"), IsEmpty());
  EXPECT_TRUE(rig.controller->has_module(""));
  EXPECT_FALSE(rig.controller->has_module("nothing"));
}

TEST(View, DataFlowsToReceiversAndFromEverythingElse) {
  Rig rig;
  rig.run(R"(
    toy.pulse "p" { forward_to = [toy.sink.s.receiver, toy.sink.s.receiver] }
    toy.sink "s" { }
    toy.sum "n" { inputs = [toy.sink.s.taken] }
  )");
  EXPECT_THAT(rig.controller->details("toy.pulse.p")->data_flow_edges_to, ElementsAre("toy.sink.s"));
  EXPECT_THAT(rig.controller->details("toy.sink.s")->data_flow_edges_to, ElementsAre("toy.sum.n"));
  EXPECT_THAT(rig.controller->details("toy.sum.n")->data_flow_edges_to, IsEmpty());
  rig.loop.advance(seconds(3));
  EXPECT_EQ(rig.exported("toy.sum.n", "sum"), "6");
}

TEST(View, DetailsShowArgumentsExportsAndDebugInfo) {
  Rig rig;
  rig.run(R"(toy.sum "a" { value = 3 })");
  const auto view = rig.controller->details("toy.sum.a");
  ASSERT_TRUE(view);
  ASSERT_EQ(view->arguments.statements.size(), 1u);
  EXPECT_EQ(view->arguments.statements[0].name, "value");
  ASSERT_EQ(view->exports.statements.size(), 1u);
  EXPECT_EQ(view->exports.statements[0].value->to_text(), "3");
  ASSERT_EQ(view->debug_info.statements.size(), 1u);
  EXPECT_EQ(view->debug_info.statements[0].name, "id");
  EXPECT_FALSE(rig.controller->details("toy.sum.b"));
  EXPECT_FALSE(rig.controller->details("knob"));
  EXPECT_FALSE(rig.controller->details(""));
}

// ---- metrics

TEST(Metrics, CountComponentsByHealthAndShowTheConnections) {
  Rig rig;
  rig.run(R"(
    toy.pulse "p" { forward_to = [toy.sink.s.receiver] }
    toy.sink "s" { }
  )");
  EXPECT_TRUE(rig.metric_line(
      "invar_component_controller_running_components{controller_id=\"\",controller_path=\"/\","
      "health_type=\"healthy\"} 2"));
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr("health_type=\"unhealthy\"")));
  EXPECT_TRUE(
      rig.metric_line("invar_component_graph_connection{controller_id=\"\",controller_path=\"/\","
                      "from=\"toy.pulse.p\",to=\"toy.sink.s\"} 1"));
  EXPECT_TRUE(
      rig.metric_line("invar_component_controller_evaluating{controller_id=\"\",controller_path=\"/\"} 0"));
  EXPECT_TRUE(
      rig.metric_line("invar_component_evaluation_queue_size{controller_id=\"\",controller_path=\"/\"} 0"));
  EXPECT_TRUE(rig.metric_line("toy_up{component_id=\"toy.sink.s\",component_path=\"/\"} 1"));
}

TEST(Metrics, EvaluationsOfDependantsAreMeasuredAndFullLoadsAreNot) {
  Rig rig;
  const std::string count =
      "invar_component_evaluation_seconds_count{controller_id=\"\",controller_path=\"/\"} ";
  const std::string waits =
      "invar_component_dependencies_wait_seconds_count{controller_id=\"\",controller_path=\"/\"} ";
  rig.run(R"(
    toy.sum "a" { }
    toy.sum "b" { inputs = [toy.sum.a.sum] }
  )");
  EXPECT_TRUE(rig.metric_line(count + "0"));
  rig.toys.publish_sum("toy.sum.a", 1);
  rig.loop.run_until_idle();
  EXPECT_TRUE(rig.metric_line(count + "1"));
  EXPECT_TRUE(rig.metric_line(waits + "1"));
}

TEST(Metrics, TellWhatWasReadLast) {
  Rig rig;
  const std::string good = "knob { }\n";
  rig.load(good);
  EXPECT_THAT(rig.metrics_page(), HasSubstr("invar_config_hash{cluster_name=\"\",sha256=\"" +
                                            sources_hash({{"", good}}) + "\"} 1\n"));
  EXPECT_TRUE(rig.metric_line("invar_config_last_load_successful 1"));
  EXPECT_TRUE(rig.metric_line("invar_config_load_failures_total 0"));
  EXPECT_TRUE(rig.metric_line("invar_config_last_load_success_timestamp_seconds 1767225600"));

  rig.loop.advance(seconds(10));
  rig.load("knob {\n");
  EXPECT_TRUE(rig.metric_line("invar_config_last_load_successful 0"));
  EXPECT_TRUE(rig.metric_line("invar_config_load_failures_total 1"));
  EXPECT_TRUE(rig.metric_line("invar_config_last_load_success_timestamp_seconds 1767225600"));

  rig.controller->note_read_failure();
  EXPECT_TRUE(rig.metric_line("invar_config_load_failures_total 2"));
  EXPECT_TRUE(
      rig.metric_line("invar_config_hash{cluster_name=\"\",sha256=\"" + std::string(64, '0') + "\"} 1"));

  // What could be read and parsed, and not be applied whole, is no success either.
  rig.load("toy.sum \"a\" { fail = \"build\" }");
  EXPECT_TRUE(rig.metric_line("invar_config_last_load_successful 0"));
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr(std::string(64, '0'))));
}

TEST(Metrics, VanishWithTheirOwners) {
  Rig rig;
  rig.run("toy.sum \"a\" { }");
  rig.reload("");
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr("toy_up")));
  rig.stop();
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr("invar_component_")));
}

}  // namespace
}  // namespace invar::runtime
