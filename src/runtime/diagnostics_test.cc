// What users read when a load is refused or fails: the whole printed text. validate() has its own: validate_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "base/build_info.h"
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using testing::Rig;

std::string with_version(std::string text) {
  const auto at = text.find("VERSION");
  return at == std::string::npos ? text : text.replace(at, 7, build_info().version);
}

struct Row {
  const char* why;
  const char* text;
  const char* printed;
};

void expect_printed(const std::vector<Row>& rows, Rig::Options options = {}) {
  for (const Row& row : rows) {
    Rig rig(options);
    const auto result = rig.load(row.text);
    EXPECT_EQ(testing::printed(result.diagnostics), with_version(row.printed)) << row.why;
    EXPECT_FALSE(result.applied) << row.why;
  }
}

TEST(RunDiagnostics, Sources) {
  expect_printed({
      {"only the first attribute of the top level, one caret", "a = 1\nb = 2\nnope \"x\" { }",
       "Error: main.alloy:1:1: unrecognized attribute a\n"
       "\n"
       "1 | a = 1\n"
       "  | ^\n"
       "2 | b = 2"},
  });
}

TEST(RunDiagnostics, Blocks) {
  expect_printed({
      {"an unknown name near a known one", "toy.summ \"a\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"toy.summ\" (did you mean "
       "\"toy.sum\"?)\n"
       "\n"
       "1 | toy.summ \"a\" { }\n"
       "  | ^^^^^^^^"},
      {"an unknown name like no other", "prometheus.remote_write \"a\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"prometheus.remote_write\" "
       "(it has nothing to do with profiles: --skip-other-pipelines leaves it to the other agent)\n"
       "\n"
       "1 | prometheus.remote_write \"a\" { }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^"},
      {"a name of another program, however near", "prometheus.scrape \"a\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"prometheus.scrape\" "
       "(it has nothing to do with profiles: --skip-other-pipelines leaves it to the other agent)\n"
       "\n"
       "1 | prometheus.scrape \"a\" { }\n"
       "  | ^^^^^^^^^^^^^^^^^"},
      {"a kind of discovery that is left to others", "discovery.eureka \"a\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"discovery.eureka\" "
       "(Invar does not have this kind of discovery: let a program answer discovery.http, or write the files "
       "of "
       "discovery.file)\n"
       "\n"
       "1 | discovery.eureka \"a\" { }\n"
       "  | ^^^^^^^^^^^^^^^^"},
      {"a remote store that is left to others", "remote.aws.secrets_manager \"a\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"remote.aws.secrets_manager\" "
       "(Invar does not have this component: let a program answer remote.http, or write the file of "
       "local.file)\n"
       "\n"
       "1 | remote.aws.secrets_manager \"a\" { }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^"},
      {"a config block misspelt", "loging { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"loging\" (did you mean "
       "\"logging\"?)\n"
       "\n"
       "1 | loging { }\n"
       "  | ^^^^^^"},
      {"a service with a label is a component that does not exist", "service \"x\" { }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"service\" (the block service "
       "takes "
       "no label)\n"
       "\n"
       "1 | service \"x\" { }\n"
       "  | ^^^^^^^"},
      {"no label", "toy.sum { }",
       "Error: main.alloy:1:1: component \"toy.sum\" must have a label\n"
       "\n"
       "1 | toy.sum { }\n"
       "  | ^^^^^^^"},
      {"a duplicate", "toy.sum \"a\" { }\ntoy.sum \"a\" { }",
       "Error: main.alloy:2:1: block toy.sum.a already declared at main.alloy:1:1\n"
       "\n"
       "1 | toy.sum \"a\" { }\n"
       "2 | toy.sum \"a\" { }\n"
       "  | ^^^^^^^^^"},
      {"singletons, reported by their class", "knob { }\nknob { }\nservice { }\nservice { }",
       "Error: main.alloy:4:1: duplicate definition of \"service\"\n"
       "\n"
       "3 | service { }\n"
       "4 | service { }\n"
       "  | ^^^^^^^\n"
       "\n"
       "Error: main.alloy:2:1: block knob already declared at main.alloy:1:1\n"
       "\n"
       "1 | knob { }\n"
       "2 | knob { }\n"
       "  | ^^^^\n"
       "3 | service { }"},
      {"a service that takes no configuration", "ui { }",
       "Error: main.alloy:1:1: service \"ui\" does not support being configured\n"
       "\n"
       "1 | ui { }\n"
       "  | ^^"},
      {"blocks of modules", "argument \"x\" { }\nexport \"y\" { value = argument.x.value }",
       "Error: main.alloy:1:1: argument blocks only allowed inside a module\n"
       "\n"
       "1 | argument \"x\" { }\n"
       "  | ^^^^^^^^\n"
       "2 | export \"y\" { value = argument.x.value }\n"
       "\n"
       "Error: main.alloy:2:1: export blocks only allowed inside a module\n"
       "\n"
       "1 | argument \"x\" { }\n"
       "2 | export \"y\" { value = argument.x.value }\n"
       "  | ^^^^^^"},
      {"livedebugging", "livedebugging { enabled = true }",
       "Error: main.alloy:1:1: livedebugging blocks are not supported yet by Invar VERSION: remove the "
       "block\n"
       "\n"
       "1 | livedebugging { enabled = true }\n"
       "  | ^^^^^^^^^^^^^"},
  });
}

TEST(RunDiagnostics, Stability) {
  expect_printed(
      {
          {"a component", "toy.early \"a\" { }",
           "Error: main.alloy:1:1: component \"toy.early\" is at stability level \"experimental\", which is "
           "below the "
           "minimum allowed stability level \"generally-available\". Use --stability.level command-line flag "
           "to enable "
           "\"experimental\" features\n"
           "\n"
           "1 | toy.early \"a\" { }\n"
           "  | ^^^^^^^^^"},
          {"a function", "toy.echo \"a\" { input = array.group_by([], \"k\", true) }",
           "Error: main.alloy:1:24: array.group_by is at stability level \"experimental\", which is below "
           "the minimum "
           "allowed stability level \"generally-available\". Use --stability.level command-line flag to "
           "enable "
           "\"experimental\" features\n"
           "\n"
           "1 | toy.echo \"a\" { input = array.group_by([], \"k\", true) }\n"
           "  |                        ^^^^^^^^^^^^^^"},
      },
      {.min_stability = syntax::Stability::kGenerallyAvailable});
}

TEST(RunDiagnostics, References) {
  expect_printed({
      {"to nothing", "toy.sum \"a\" { value = x.y.z }",
       "Error: main.alloy:1:23: component \"x.y.z\" does not exist or is out of scope\n"
       "\n"
       "1 | toy.sum \"a\" { value = x.y.z }\n"
       "  |                       ^^^^^"},
      {"near something", "toy.sum \"first\" { }\ntoy.sum \"b\" { value = toy.sum.frist.sum }",
       "Error: main.alloy:2:23: component \"toy.sum.frist.sum\" does not exist or is out of scope (did you "
       "mean "
       "\"toy.sum.first\"?)\n"
       "\n"
       "1 | toy.sum \"first\" { }\n"
       "2 | toy.sum \"b\" { value = toy.sum.frist.sum }\n"
       "  |                       ^^^^^^^^^^^^^^^^^"},
      {"to a refused block, which is reported alone",
       "toy.summ \"a\" { }\ntoy.sum \"b\" { value = toy.summ.a.sum }",
       "Error: main.alloy:1:1: cannot find the definition of component name \"toy.summ\" (did you mean "
       "\"toy.sum\"?)\n"
       "\n"
       "1 | toy.summ \"a\" { }\n"
       "  | ^^^^^^^^\n"
       "2 | toy.sum \"b\" { value = toy.summ.a.sum }"},
      {"after all errors about blocks", "toy.sum \"a\" { value = q.r }\ntoy.sum { }",
       "Error: main.alloy:2:1: component \"toy.sum\" must have a label\n"
       "\n"
       "1 | toy.sum \"a\" { value = q.r }\n"
       "2 | toy.sum { }\n"
       "  | ^^^^^^^\n"
       "\n"
       "Error: main.alloy:1:23: component \"q.r\" does not exist or is out of scope\n"
       "\n"
       "1 | toy.sum \"a\" { value = q.r }\n"
       "  |                       ^^^\n"
       "2 | toy.sum { }"},
      {"to itself", "toy.sum \"a\" { value = toy.sum.a.sum + toy.sum.a.sum }",
       "Error: main.alloy:1:23: self reference: toy.sum.a\n"
       "\n"
       "1 | toy.sum \"a\" { value = toy.sum.a.sum + toy.sum.a.sum }\n"
       "  |                       ^^^^^^^^^^^^^"},
      {"in a circle", "toy.sum \"b\" { value = toy.sum.a.sum }\ntoy.sum \"a\" { value = toy.sum.b.sum }",
       "Error: main.alloy:1:1: cycle: toy.sum.b, toy.sum.a\n"
       "\n"
       "1 | toy.sum \"b\" { value = toy.sum.a.sum }\n"
       "  | ^^^^^^^^^^^^^\n"
       "2 | toy.sum \"a\" { value = toy.sum.b.sum }"},
  });
}

TEST(RunDiagnostics, Evaluation) {
  expect_printed({
      {"a positioned error stands as it is", "toy.sum \"a\" { value = true }",
       "Error: main.alloy:1:23: true should be number, got bool\n"
       "\n"
       "1 | toy.sum \"a\" { value = true }\n"
       "  |                       ^^^^"},
      {"one without a position covers the block", "toy.echo \"a\" {\n}\n",
       "Error: main.alloy:1:1: Failed to build component: decoding configuration: missing required attribute "
       "\"input\"\n"
       "\n"
       "1 |   toy.echo \"a\" {\n"
       "  |  _^^^^^^^^^^^^^^\n"
       "2 | | }\n"
       "  | |_^\n"
       "3 |   "},
      {"a failed build likewise", "toy.sum \"a\" { fail = \"build\" }",
       "Error: main.alloy:1:1: Failed to build component: building component: told to fail\n"
       "\n"
       "1 | toy.sum \"a\" { fail = \"build\" }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"},
      {"config blocks are always wrapped", "logging { level = \"loud\" }",
       "Error: main.alloy:1:1: Failed to evaluate node for config block: decoding configuration: "
       "main.alloy:1:19: "
       "\"loud\" unrecognized log level \"loud\"; it is one of debug, info, warn and error\n"
       "\n"
       "1 | logging { level = \"loud\" }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^"},
      {"services only when there is no position", "service { txet = \"x\" }",
       "Error: main.alloy:1:11: unrecognized attribute name \"txet\" (did you mean \"text\"?)\n"
       "\n"
       "1 | service { txet = \"x\" }\n"
       "  |           ^^^^^^^^^^"},
      {"a service that refuses", "service { text = \"refuse\" }",
       "Error: main.alloy:1:1: Failed to evaluate service: told to refuse\n"
       "\n"
       "1 | service { text = \"refuse\" }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^"},
      {"a config block that refuses", "knob { text = \"refuse\" }",
       "Error: main.alloy:1:1: Failed to evaluate node for config block: told to refuse\n"
       "\n"
       "1 | knob { text = \"refuse\" }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^"},
      {"several, in the order of the text whatever the order of evaluation",
       "toy.sum \"a\" {\n  value = toy.echo.c.output + 1\n}\ntoy.echo \"b\" { input = true }\n"
       "toy.echo \"c\" { input = \"\" }",
       "Error: main.alloy:2:31: 1 should be string, got number\n"
       "\n"
       "1 | toy.sum \"a\" {\n"
       "2 |   value = toy.echo.c.output + 1\n"
       "  |                               ^\n"
       "3 | }\n"
       "\n"
       "Error: main.alloy:4:24: true should be string, got bool\n"
       "\n"
       "3 | }\n"
       "4 | toy.echo \"b\" { input = true }\n"
       "  |                        ^^^^\n"
       "5 | toy.echo \"c\" { input = \"\" }"},
      {"one alone of several that follow from it",
       "toy.sum \"b\" { value = 1 / toy.sum.a.sum }\ntoy.sum \"c\" { value = 1 / toy.sum.b.sum }\n"
       "toy.sum \"a\" { fail = \"build\" }",
       "Error: main.alloy:3:1: Failed to build component: building component: told to fail\n"
       "\n"
       "2 | toy.sum \"c\" { value = 1 / toy.sum.b.sum }\n"
       "3 | toy.sum \"a\" { fail = \"build\" }\n"
       "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"},
  });
}

TEST(RunDiagnostics, DuplicatesAcrossFilesNameTheOther) {
  Rig rig;
  const auto result =
      rig.load_files({{"a.alloy", "toy.sum \"x\" { }\n"}, {"b.alloy", "\ntoy.sum \"x\" { }\n"}});
  EXPECT_EQ(result.diagnostics.summary(), "b.alloy:2:1: block toy.sum.x already declared at a.alloy:1:1");
}

TEST(RunDiagnostics, SyntaxErrorsOfAllFilesAreReported) {
  Rig rig;
  const auto result =
      rig.load_files({{"a.alloy", "toy.sum \"x\" {\n"}, {"b.alloy", "x = 1"}, {"c.alloy", "y = ["}});
  EXPECT_FALSE(result.applied);
  EXPECT_EQ(result.diagnostics.size(), 3u) << result.diagnostics.render(false);
}

TEST(RunDiagnostics, AManyTimesWrongFileStaysCheap) {
  std::string text;
  for (int i = 0; i < 4'000; ++i) text += "tooy.summ \"a" + std::to_string(i) + "\" { value = qq.rr.ss }\n";
  Rig rig;
  EXPECT_EQ(rig.load(text).diagnostics.size(), 4'000u);
}

}  // namespace
}  // namespace invar::runtime
