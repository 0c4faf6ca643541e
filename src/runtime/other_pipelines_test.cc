// --skip-other-pipelines, through validate() and load().
#include "runtime/other_pipelines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::printed;
using testing::Rig;
using ::testing::UnorderedElementsAre;

constexpr Rig::Options kSkipping{.skip_other_pipelines = true};

std::vector<std::string> left_out(const Rig& rig) {
  std::vector<std::string> ids;
  for (const auto& block : rig.controller->other_pipelines().left_out) ids.push_back(block.id);
  return ids;
}

struct Told {
  std::string mistakes;
  std::vector<std::string> left_out;
};
Told told_of(const std::string& text) {
  Rig rig;
  component::OtherPipelines other;
  const auto diagnostics =
      validate({{"main.alloy", text}},
               {.components = &rig.toys.registry(), .blocks = &rig.blocks, .other_pipelines = &other});
  Told told{.mistakes = printed(diagnostics), .left_out = {}};
  for (const auto& block : other.left_out) told.left_out.push_back(block.id);
  return told;
}

TEST(OtherPipelines, GoWithWhatOnlyTheyUse) {
  const std::string text = R"(
    discovery.toy "both" { }
    discovery.toy "theirs" { }
    discovery.ec2 "theirs" { }
    discovery.toy "nobodys" { }
    prometheus.scrape "s" {
      targets    = [discovery.toy.both.sum, discovery.toy.theirs.sum, discovery.ec2.theirs.targets]
      forward_to = [prometheus.remote_write.w.receiver]
    }
    prometheus.remote_write "w" { endpoint { url = "http://x" } }
    toy.sum "ours" { inputs = [discovery.toy.both.sum] }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_THAT(rig.ids(), UnorderedElementsAre("discovery.toy.both", "discovery.toy.nobodys", "toy.sum.ours"));
  EXPECT_THAT(left_out(rig), UnorderedElementsAre("discovery.toy.theirs", "discovery.ec2.theirs",
                                                  "prometheus.scrape.s", "prometheus.remote_write.w"));
  const Told told = told_of(text);
  EXPECT_EQ(told.mistakes, "");
  EXPECT_THAT(told.left_out, ::testing::SizeIs(4));
}

TEST(OtherPipelines, AreLeftOutAlongAChainOfHelpers) {
  std::string text = "discovery.toy \"h0\" { }\n";
  constexpr int kLength = 2000;
  for (int i = 1; i < kLength; ++i)
    text += "discovery.toy \"h" + std::to_string(i) + "\" { inputs = [discovery.toy.h" +
            std::to_string(i - 1) + ".sum] }\n";
  text += "loki.source.file \"f\" { targets = discovery.toy.h1999.sum }\n";
  EXPECT_THAT(told_of(text).left_out, ::testing::SizeIs(kLength + 1));
}

TEST(OtherPipelines, AProfilePipelineThatHangsOnThemIsRefusedWithItsPlace) {
  const std::string text =
      "prometheus.exporter.unix \"u\" { }\n"
      "toy.sum \"ours\" {\n"
      "  inputs = [prometheus.exporter.unix.u.targets]\n"
      "}\n";
  const std::string refusal =
      "main.alloy:3:13: toy.sum.ours hangs on prometheus.exporter.unix.u.targets, which "
      "--skip-other-pipelines leaves to the other agent";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_FALSE(result.applied);
  EXPECT_EQ(result.diagnostics.summary(), refusal);
  EXPECT_THAT(told_of(text).mistakes, HasSubstr("toy.sum.ours hangs on"));
}

TEST(OtherPipelines, AHelperOfBothThatHangsOnThemIsRefused) {
  const Told told = told_of(R"(
    prometheus.exporter.unix "u" { }
    discovery.toy "d" { inputs = prometheus.exporter.unix.u.targets }
    prometheus.scrape "s" { targets = discovery.toy.d.sum }
    toy.sum "ours" { inputs = [discovery.toy.d.sum] }
  )");
  EXPECT_THAT(told.mistakes, HasSubstr("discovery.toy.d hangs on prometheus.exporter.unix.u.targets"));
  EXPECT_THAT(told.mistakes, Not(HasSubstr("toy.sum.ours hangs")));
}

TEST(OtherPipelines, ReceiversOfLogsFallAwayFromLogging) {
  Rig rig(kSkipping);
  const auto result = rig.load(R"(
    logging {
      level    = "debug"
      write_to = [loki.write.w.receiver]
    }
    loki.write "w" { }
  )");
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
}

TEST(OtherPipelines, AModuleOfWhichNothingIsLeftGoes) {
  const std::string text = R"(
    declare "pod_logs" {
      argument "destinations" { }
      discovery.toy "pods" { }
      loki.source.kubernetes "pods" {
        targets    = discovery.toy.pods.sum
        forward_to = argument.destinations.value
      }
    }
    pod_logs "feature" { destinations = [loki.write.w.receiver] }
    loki.write "w" { }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_THAT(rig.ids(), IsEmpty());
  const Told told = told_of(text);
  EXPECT_EQ(told.mistakes, "");
  EXPECT_THAT(told.left_out,
              UnorderedElementsAre("discovery.toy.pods", "loki.source.kubernetes.pods", "loki.write.w"));
  EXPECT_THAT(left_out(rig),
              UnorderedElementsAre("discovery.toy.pods", "loki.source.kubernetes.pods", "loki.write.w"));
}

constexpr auto kFeature = R"(
    declare "feature" {
      argument "metrics" { }
      argument "profiles" { }
      discovery.toy "pods" { }
      prometheus.scrape "s" { targets = concat(discovery.toy.pods.sum, argument.metrics.value) }
      prometheus.relabel "r" { }
      toy.sum "ours" { inputs = [discovery.toy.pods.sum, argument.profiles.value] }
      export "receiver" { value = prometheus.relabel.r.receiver }
      export "sum" { value = toy.sum.ours.sum }
    }
  )";

TEST(OtherPipelines, ArgumentsOfAMixedModuleFallAway) {
  const std::string text = std::string(kFeature) + R"(
    feature "f" {
      metrics  = [prometheus.remote_write.w.receiver]
      profiles = 4
    }
    prometheus.remote_write "w" { }
    toy.sum "after" { inputs = [feature.f.sum] }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_EQ(rig.exported("toy.sum.after", "sum"), "4");
  EXPECT_EQ(told_of(text).mistakes, "");
}

TEST(OtherPipelines, AnArgumentThatProfilesNeedIsRefusedInsideTheModule) {
  const std::string text = std::string(kFeature) + R"(
    feature "f" {
      metrics  = []
      profiles = prometheus.exporter.unix.u.targets
    }
    prometheus.exporter.unix "u" { }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_THAT(
      printed(result.diagnostics),
      HasSubstr("toy.sum.ours hangs on argument.profiles.value, which --skip-other-pipelines leaves to "
                "the other agent (in feature.f at main.alloy:"));
  EXPECT_THAT(told_of(text).mistakes, HasSubstr("toy.sum.ours hangs on argument.profiles.value"));
}

TEST(OtherPipelines, AnExportThatFallsAwayIsRefusedWhereProfilesUseIt) {
  const std::string text = std::string(kFeature) + R"(
    feature "f" { metrics = []
 profiles = 1 }
    loki.process "p" { forward_to = [feature.f.receiver] }
    toy.sum "ours" { inputs = [feature.f.receiver] }
  )";
  const Told told = told_of(text);
  EXPECT_THAT(told.mistakes, HasSubstr("toy.sum.ours hangs on feature.f.receiver"));
  EXPECT_THAT(told.mistakes, Not(HasSubstr("does not exist")));
}

TEST(OtherPipelines, AModuleThatServesOnlyThemGoes) {
  const Told told = told_of(R"(
    declare "pods" {
      discovery.toy "d" { }
      export "targets" { value = discovery.toy.d.sum }
    }
    pods "p" { }
    prometheus.scrape "s" { targets = pods.p.targets }
  )");
  EXPECT_EQ(told.mistakes, "");
  Rig rig(kSkipping);
  rig.load(R"(
    declare "pods" {
      discovery.toy "d" { }
      export "targets" { value = discovery.toy.d.sum }
    }
    pods "p" { }
    prometheus.scrape "s" { targets = pods.p.targets }
  )");
  EXPECT_THAT(rig.ids(), IsEmpty());
}

TEST(OtherPipelines, ForeachIsLookedInto) {
  const std::string text = R"(
    discovery.toy "d" { }
    discovery.toy "e" { }
    foreach "logs" {
      collection = [1]
      var        = "each"
      template { loki.source.file "f" { targets = concat(discovery.toy.d.sum, loki.write.w.receiver) } }
    }
    foreach "both" {
      collection = [1]
      var        = "each"
      template {
        loki.source.file "f" { targets = discovery.toy.d.sum }
        toy.sum "ours" { inputs = [each, discovery.toy.e.sum] }
      }
    }
    loki.write "w" { }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_THAT(rig.ids(), UnorderedElementsAre("discovery.toy.e", "foreach.both"));
  EXPECT_EQ(told_of(text).mistakes, "");
}

TEST(OtherPipelines, AnInstanceInATemplateIsGivenWhatRemains) {
  const std::string text = std::string(kFeature) + R"(
    prometheus.remote_write "w" { }
    foreach "f" {
      collection = [1]
      var        = "each"
      template { feature "f" { metrics = [prometheus.remote_write.w.receiver]
 profiles = each } }
    }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_EQ(told_of(text).mistakes, "");
}

TEST(OtherPipelines, AnImportThatOnlyServesThemIsNotFetched) {
  Rig rig(kSkipping);
  const auto result = rig.load(R"(
    import.http "m" { url = "http://unreachable/m.alloy" }
    m.relay "r" { forward_to = [loki.write.w.receiver] }
    loki.process "p" { forward_to = [m.relay.r.receiver] }
    loki.write "w" { }
  )");
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_THAT(rig.ids(), IsEmpty());
}

TEST(OtherPipelines, ImportedModulesAreLookedIntoWhenTheyCome) {
  const std::string text = R"(
    import.string "m" {
      content = "declare \"logs\" {\n argument \"to\" {}\n loki.relabel \"r\" { forward_to = argument.to.value }\n }"
    }
    m.logs "l" { to = [loki.write.w.receiver] }
    loki.write "w" { }
  )";
  Rig rig(kSkipping);
  const auto result = rig.load(text);
  EXPECT_TRUE(result.applied) << printed(result.diagnostics);
  EXPECT_THAT(left_out(rig), UnorderedElementsAre("loki.relabel.r", "loki.write.w"));
  EXPECT_EQ(told_of(text).mistakes, "");
}

TEST(OtherPipelines, AMisspelledOneStaysAMistake) {
  EXPECT_THAT(
      told_of("loki.wrte \"w\" { }").mistakes,
      HasSubstr("cannot find the definition of component name \"loki.wrte\" (did you mean \"loki.write\"?)"));
  EXPECT_EQ(told_of("loki.brand_new_thing \"w\" { }").mistakes, "");
  EXPECT_THAT(told_of("lokki.write \"w\" { }").mistakes, HasSubstr("cannot find the definition"));
}

TEST(OtherPipelines, AreSaidLastAndOnceWithoutTheFlag) {
  Rig rig;
  auto result = rig.load("loki.write \"a\" { }\nloki.write \"b\" { }\ntoy.smu \"c\" { }\n");
  EXPECT_THAT(result.diagnostics.summary(), HasSubstr("toy.smu"));
  result.diagnostics.arrange();
  ASSERT_EQ(result.diagnostics.size(), 2u);
  EXPECT_EQ(
      std::prev(result.diagnostics.end())->to_string(),
      "main.alloy:1:1: cannot find the definition of component name \"loki.write\" (it has nothing to do "
      "with profiles: --skip-other-pipelines leaves it to the other agent) (2 times; also at "
      "main.alloy:2:1)");
}

TEST(OtherPipelines, ReloadsFollowTheText) {
  Rig rig(kSkipping);
  rig.run("loki.write \"w\" { }\ntoy.sum \"a\" { value = 1 }");
  rig.reload("toy.sum \"a\" { value = 1 }");
  EXPECT_THAT(left_out(rig), IsEmpty());
  EXPECT_THAT(rig.ids(), ElementsAre("toy.sum.a"));
}

}  // namespace
}  // namespace invar::runtime
