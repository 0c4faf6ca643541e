// validate(): formatting.md 6, as printed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "base/build_info.h"
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using testing::validated;

// The header lines only, for long reports.
std::string headers(const std::string& printed) {
  std::string out;
  std::size_t begin = 0;
  while (begin < printed.size()) {
    std::size_t end = printed.find('\n', begin);
    if (end == std::string::npos) end = printed.size();
    const std::string line = printed.substr(begin, end - begin);
    if (line.starts_with("Error: ") || line.starts_with("Warning: ")) out += line + "\n";
    begin = end + 1;
  }
  return out;
}

TEST(Validate, AGoodConfigurationSaysNothingAndBuildsNothing) {
  EXPECT_EQ(validated(""), "");
  EXPECT_EQ(validated(R"(
    logging { level = "debug" }
    tracing {
      sampler {
        jaeger_remote { }
      }
    }
    service { text = toy.echo.a.output }
    toy.sum "fails_at_run_time" {
      value = toy.echo.a.output + 1
      fail  = "build"
    }
    toy.echo "a" { input = sys.env("NAME") + module_path }
    toy.pulse "p" { forward_to = [toy.sink.s.receiver] }
    toy.sink "s" { }
  )"),
            "");
}

TEST(Validate, SyntaxErrorsAreReportedAlone) {
  EXPECT_EQ(headers(validated("toy.summ \"a\" { }\ntoy.sum \"b\" { value = }\n")),
            "Error: main.alloy:2:23: expected expression, got }\n");
  EXPECT_EQ(headers(validated("a = 1\nb = 2\ntoy.summ \"a\" { }\n")),
            "Error: main.alloy:1:1: unrecognized attribute a\n");
}

TEST(Validate, ReportsByClassThenCyclesThenSelfReferences) {
  EXPECT_EQ(
      headers(validated(R"(
service { txet = "x" }
toy.summ "a" { }
toy.sum "self" { value = toy.sum.self.sum }
toy.sum "x" { value = toy.sum.y.sum }
toy.sum "y" { value = toy.sum.x.sum }
toy.sum "bad" {
  value  = true
  inputs = [1, "x"]
  nope   = q.r
}
toy.sum "bad" { inputs = 1 }
toy.sum { }
knob { text = [] }
knob { }
logging { level = "loud" }
declare "d" { size = 1 }
service { }
ui { }
)")),
      "Error: main.alloy:17:15: unrecognized attribute size\n"
      "Error: main.alloy:14:15: expected string, got array\n"
      "Error: main.alloy:15:1: block knob already declared at main.alloy:14:1\n"
      "Error: main.alloy:16:19: unrecognized log level \"loud\"; it is one of debug, info, warn and error\n"
      "Error: main.alloy:3:1: cannot find the definition of component name \"toy.summ\" (did you mean "
      "\"toy.sum\"?)\n"
      "Error: main.alloy:8:12: expected number, got bool\n"
      "Error: main.alloy:9:16: expected number, got string\n"
      "Error: main.alloy:10:3: unrecognized attribute name \"nope\" (did you mean \"note\"?)\n"
      "Error: main.alloy:10:12: component \"q.r\" does not exist or is out of scope\n"
      "Error: main.alloy:12:1: block toy.sum.bad already declared at main.alloy:7:1\n"
      "Error: main.alloy:12:26: expected array, got number (write [1])\n"
      "Error: main.alloy:13:1: component \"toy.sum\" must have a label\n"
      "Error: main.alloy:2:11: unrecognized attribute name \"txet\" (did you mean \"text\"?)\n"
      "Error: main.alloy:18:1: block service already declared at main.alloy:2:1\n"
      "Error: main.alloy:19:1: service \"ui\" does not support being configured\n"
      "Error: main.alloy:5:1: cycle detected: toy.sum.x, toy.sum.y\n"
      "Error: main.alloy:6:1: cycle detected: toy.sum.x, toy.sum.y\n"
      "Error: main.alloy:4:26: cannot reference self\n");
}

TEST(Validate, PrintsRangesOfHeadersBlocksAndNames) {
  EXPECT_EQ(validated("toy.echo \"a\" {\n}\n"),
            "Error: main.alloy:1:1: missing required attribute \"input\"\n"
            "\n"
            "1 |   toy.echo \"a\" {\n"
            "  |  _^^^^^^^^^^^^^^\n"
            "2 | | }\n"
            "  | |_^\n"
            "3 |   ");
  EXPECT_EQ(validated("toy.sum \"x\" { value = toy.sum.y.sum }\ntoy.sum \"y\" { value = toy.sum.x.sum }"),
            "Error: main.alloy:1:1: cycle detected: toy.sum.x, toy.sum.y\n"
            "\n"
            "1 | toy.sum \"x\" { value = toy.sum.y.sum }\n"
            "  | ^^^^^^^^^^^^^\n"
            "2 | toy.sum \"y\" { value = toy.sum.x.sum }\n"
            "\n"
            "Error: main.alloy:2:1: cycle detected: toy.sum.x, toy.sum.y\n"
            "\n"
            "1 | toy.sum \"x\" { value = toy.sum.y.sum }\n"
            "2 | toy.sum \"y\" { value = toy.sum.x.sum }\n"
            "  | ^^^^^^^^^^^^^");
}

// Every member names all members: without a bound a ring of thousands would take gigabytes.
TEST(Validate, ALargeCycleIsNotSpeltOutByEachMember) {
  std::string text;
  for (int i = 0; i < 3000; ++i)
    text += fmt::format("toy.sum \"x{}\" {{ value = toy.sum.x{}.sum }}\n", i, (i + 1) % 3000);
  const std::string printed = validated(text);
  EXPECT_TRUE(
      printed.starts_with("Error: main.alloy:1:1: cycle detected: toy.sum.x0, toy.sum.x1, toy.sum.x10, "));
  EXPECT_NE(printed.find(" and 2980 more\n"), std::string::npos);
  EXPECT_LT(printed.size(), 5'000'000U);
}

TEST(Validate, DeprecatedAndHiddenNamesAreWarnings) {
  EXPECT_EQ(validated("toy.echo \"a\" { input = to_upper(\"y\") }"),
            "Warning: main.alloy:1:24: to_upper is deprecated: write string.to_upper\n"
            "\n"
            "1 | toy.echo \"a\" { input = to_upper(\"y\") }\n"
            "  |                        ^^^^^^^^");
  EXPECT_EQ(
      headers(validated("string.toy \"a\" { input = \"\" }\ntoy.echo \"a\" { input = string.toy.a.output }")),
      "Warning: main.alloy:2:24: a component is shadowing an existing stdlib name\n");
}

TEST(Validate, StabilityOfComponentsAndFunctions) {
  EXPECT_EQ(
      headers(validated("toy.early \"a\" { }\ntoy.echo \"a\" { input = array.group_by([], \"k\", true) }",
                        syntax::Stability::kPublicPreview)),
      "Error: main.alloy:1:1: component \"toy.early\" is at stability level \"experimental\", which is below "
      "the "
      "minimum allowed stability level \"public-preview\". Use --stability.level command-line flag to enable "
      "\"experimental\" features\n"
      "Error: main.alloy:2:24: array.group_by is at stability level \"experimental\", which is below the "
      "minimum "
      "allowed stability level \"public-preview\". Use --stability.level command-line flag to enable "
      "\"experimental\" features\n");
}

TEST(Validate, LooksIntoDeclaresAndTheirInstances) {
  EXPECT_EQ(headers(validated(R"(
declare "m" {
  argument "a" { }
  argument "b" { optional = true }
  argument "a" { }
  toy.sum "s" {
    value = true
    nope  = argument.c.value
  }
  declare "inner" { toy.echo "e" { } }
  logging { }
}
m "x" {
  b = 1
  c = 2
}
m "y" { a = toy.sum.none.sum }
m { a = 1 }
)")),
            "Error: main.alloy:10:21: missing required attribute \"input\"\n"
            "Error: main.alloy:5:3: block argument.a already declared at main.alloy:3:3\n"
            "Error: main.alloy:11:3: logging not allowed in module\n"
            "Error: main.alloy:7:13: expected number, got bool\n"
            "Error: main.alloy:8:5: unrecognized attribute name \"nope\" (did you mean \"note\"?)\n"
            "Error: main.alloy:8:13: component \"argument.c.value\" does not exist or is out of scope (did "
            "you mean "
            "\"argument.a\"?)\n"
            "Error: main.alloy:15:3: unrecognized attribute name \"c\"\n"
            "Error: main.alloy:13:1: missing required attribute \"a\"\n"
            "Error: main.alloy:17:13: component \"toy.sum.none.sum\" does not exist or is out of scope\n"
            "Error: main.alloy:18:1: component \"m\" must have a label\n");
}

TEST(Validate, FindsDeclaresThatAreMadeOfThemselves) {
  EXPECT_EQ(headers(validated("declare \"a\" {\n  a \"x\" { }\n}\n")),
            "Error: main.alloy:2:3: cannot reference self\n");
  EXPECT_EQ(headers(validated("declare \"a\" { b \"x\" { } }\ndeclare \"b\" { a \"x\" { } }\n")),
            "Error: main.alloy:1:1: cycle detected: declare.a, declare.b\n"
            "Error: main.alloy:2:1: cycle detected: declare.a, declare.b\n");
}

TEST(Validate, LooksIntoTemplates) {
  EXPECT_EQ(headers(validated(R"(
toy.sum "around" { }
foreach "f" {
  collection = [1]
  var        = "each"
  template {
    toy.sum "s" {
      value  = each
      inputs = [toy.sum.around.sum, toy.sum.none.sum]
    }
    toy.summ "t" { }
  }
}
foreach "g" { var = 1 }
)")),
            "Error: main.alloy:9:37: component \"toy.sum.none.sum\" does not exist or is out of scope\n"
            "Error: main.alloy:11:5: cannot find the definition of component name \"toy.summ\" (did you mean "
            "\"toy.sum\"?)\n"
            "Error: main.alloy:14:1: missing required attribute \"collection\"\n"
            "Error: main.alloy:14:1: missing required block \"template\"\n");
}

TEST(Validate, LooksIntoTheContentOfImportsThatItCanRead) {
  const auto files = fs::testing::MemoryFileSystem::create();
  ASSERT_TRUE(files->make_directories("conf"));
  ASSERT_TRUE(files->write_file_atomically(
      "conf/lib.alloy", "declare \"m\" {\n  argument \"a\" { }\n  toy.summ \"s\" { }\n}\n", 0644, false));
  ASSERT_TRUE(files->write_file_atomically(
      "conf/self.alloy", "import.file \"me\" { filename = \"conf/self.alloy\" }\n", 0644, false));
  const auto validate_with_files = [&](const std::string& text) {
    return headers(validated(text, syntax::Stability::kExperimental, files.get()));
  };
  EXPECT_EQ(
      validate_with_files("import.file \"lib\" { filename = module_path + \"/lib.alloy\" }\n"
                          "lib.m \"x\" { }\nlib.n \"y\" { }\n"),
      "Error: conf/lib.alloy:3:3: cannot find the definition of component name \"toy.summ\" (did you mean "
      "\"toy.sum\"?) (in import.file.lib at main.alloy:1:1)\n"
      "Error: main.alloy:2:1: missing required attribute \"a\"\n"
      "Error: main.alloy:3:1: cannot find the definition of component name \"lib.n\"\n");
  EXPECT_EQ(
      validate_with_files("import.file \"lib\" { filename = \"conf/none.alloy\" }\nlib.m \"x\" { q = 1 }\n"),
      "");
  EXPECT_EQ(
      validate_with_files("import.file \"lib\" { filename = sys.env(\"HOME\") }\nlib.m \"x\" { q = 1 }\n"),
      "");
  EXPECT_EQ(validate_with_files("import.file \"me\" { filename = \"conf/self.alloy\" }\n"),
            "Error: conf/self.alloy:1:1: the content imports itself (in import.file.me at main.alloy:1:1)\n");
  EXPECT_EQ(validate_with_files(
                "import.string \"s\" { content = \"declare \\\"m\\\" { x = 1 }\" }\ns.m \"y\" { }\n"),
            "Error: s:1:15: unrecognized attribute x (in import.string.s at main.alloy:1:1)\n");
}

TEST(Validate, WarnsOnlyOfWhatIsWrongInContentThatNothingUses) {
  const std::string content =
      "import.string \"s\" { content = `declare \"a\" { toy.summ \"x\" { } }\n"
      "declare \"b\" { a \"x\" { } }` }\n";
  const std::string said =
      ": s:1:15: cannot find the definition of component name \"toy.summ\" (did you mean \"toy.sum\"?)";
  EXPECT_EQ(headers(validated(
                "import.string \"s\" { content = \"declare \\\"a\\\" { toy.summ \\\"x\\\" { } }\" }\n")),
            "Warning" + said + " (nothing uses declare \"a\") (in import.string.s at main.alloy:1:1)\n");
  EXPECT_EQ(headers(validated(content)), "Error" + said + " (in import.string.s at main.alloy:1:1)\n")
      << "it is used in the content itself";
  EXPECT_EQ(
      headers(validated("import.string \"s\" { content = \"declare \\\"a\\\" { toy.summ \\\"x\\\" { } }\" }\n"
                        "declare \"own\" { foreach \"f\" {\n collection = []\n var = \"v\"\n template { s.a "
                        "\"y\" { } }\n} }\n")),
      "Error" + said + " (in import.string.s at main.alloy:1:1)\n");
}

TEST(Validate, SaysWhichIntervalsAreTakenLonger) {
  EXPECT_EQ(
      headers(validated("import.http \"m\" {\n  url = \"http://h/m\"\n  poll_frequency = \"1ns\"\n}\n")),
      "Warning: main.alloy:3:20: 1ns is too short: 100ms is used\n");
  for (const char* right : {"\"100ms\"", "\"1m\"", "sys.env(\"NONE\")"})
    EXPECT_EQ(headers(validated("import.http \"m\" {\n  url = \"http://h/m\"\n  poll_frequency = " +
                                std::string(right) + "\n}\n")),
              "")
        << right;
  EXPECT_EQ(headers(validated(
                "import.git \"m\" {\n  repository = \"r\"\n  path = \"p\"\n  pull_frequency = \"0s\"\n}\n")),
            "")
      << "zero means never";
}

TEST(Validate, KnowsTheFunctionsThatThereAre) {
  const struct {
    const char* value;
    const char* said;  // behind the place
  } rows[] = {
      {"sys.getenv(\"X\")", "28: field \"getenv\" does not exist (write sys.env)"},
      {"sys.evn(\"X\")", "28: field \"evn\" does not exist (did you mean \"env\"?)"},
      {"sys.now()", "28: field \"now\" does not exist (sys has env)"},
      {"string.lower(\"X\")", "31: field \"lower\" does not exist (did you mean \"to_lower\"?)"},
      {"getenv(\"X\")", "24: component \"getenv\" does not exist or is out of scope (write sys.env)"},
      {"os.Getenv(\"X\")", "24: component \"os.Getenv\" does not exist or is out of scope (write sys.env)"},
      {"strng.format(\"X\")",
       "24: component \"strng.format\" does not exist or is out of scope (did you mean \"string.format\"?)"},
      {"constants.hostnam", "34: field \"hostnam\" does not exist (did you mean \"hostname\"?)"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(headers(validated("toy.echo \"a\" { input = " + std::string(row.value) + " }")),
              "Error: main.alloy:1:" + std::string(row.said) + "\n")
        << row.value;
  EXPECT_EQ(headers(validated("toy.echo \"a\" { input = string.to_lower(sys.env(\"X\")) + constants.os }")),
            "");
}

TEST(Validate, SaysWhatToWriteForAnotherType) {
  const struct {
    const char* text;
    const char* said;
  } rows[] = {
      {"toy.sum \"s\" { inputs = 5 }", "1:24: expected array, got number (write [5])"},
      {"toy.sum \"s\" { value = [5] }", "1:23: expected number, got array (write 5, without brackets)"},
      {"toy.pulse \"p\" { forward_to = \"toy.sink.s.receiver\" }",
       "1:30: expected array, got string (write [toy.sink.s.receiver], without quotes)"},
      {"toy.pulse \"p\" { forward_to = \"http://h\" }",
       "1:30: expected array, got string (a receiver is wanted, as in pyroscope.write.NAME.receiver)"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(headers(validated(row.text)), "Error: main.alloy:" + std::string(row.said) + "\n") << row.text;
}

TEST(Validate, GuessesNamesOfArgumentsAndItems) {
  EXPECT_EQ(
      headers(validated("declare \"m\" { argument \"forward_to\" { } }\nm \"x\" {\n  forward_two = 1\n}\n")),
      "Error: main.alloy:3:3: unrecognized attribute name \"forward_two\" (did you mean \"forward_to\"?)\n");
  EXPECT_EQ(headers(validated("foreach \"f\" {\n  collection = [1]\n  var = \"each\"\n  template {\n"
                              "    toy.sum \"s\" { value = eahc }\n  }\n}\n")),
            "Error: main.alloy:5:27: component \"eahc\" does not exist or is out of scope (did you mean "
            "\"each\"?)\n");
  EXPECT_EQ(
      headers(
          validated("declare \"m\" {\n  argument \"n\" { }\n  toy.sum \"s\" { value = argument.n }\n}\n")),
      "Error: main.alloy:3:25: expected a number, got the component argument.n: write argument.n.value\n");
}

}  // namespace
}  // namespace invar::runtime
