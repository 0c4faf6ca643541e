#include "runtime/reference_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using testing::Rig;
using testing::validated;

TEST(ExportTypes, WhatMayBeWhat) {
  const char* const fits[][2] = {
      {"any", "ProfilesReceiver"},
      {"list(map(string))", "any"},
      {"int", "float"},
      {"int", "string"},
      {"optional secret", "string"},
      {"string", "secret"},
      {"list(int)", "list(string)"},
      {"map(string)", "map(any)"},
      {"something new", "list(string)"},
      {"string", "something new"},
  };
  for (const auto& [type, wanted] : fits) EXPECT_TRUE(may_be(type, wanted)) << type << " -> " << wanted;
  const char* const does_not[][2] = {
      {"ProfilesReceiver", "list(ProfilesReceiver)"},
      {"list(ProfilesReceiver)", "ProfilesReceiver"},
      {"list(map(string))", "ProfilesReceiver"},
      {"list(map(string))", "list(ProfilesReceiver)"},
      {"ProfilesReceiver", "RelabelRules"},
      {"ProfilesReceiver", "string"},
      {"string", "int"},
      {"string", "list(string)"},
      {"list(map(string))", "string"},
      {"bool", "string"},
      {"map(string)", "list(map(string))"},
  };
  for (const auto& [type, wanted] : does_not) EXPECT_FALSE(may_be(type, wanted)) << type << " -> " << wanted;
}

// The first line of each mistake, without the place but for its column, by validate() and by load().
struct Judged {
  const char* why;
  const char* text;
  const char* said;  // "": no mistake
};

std::string first_lines(const std::string& printed) {
  std::string out;
  for (std::size_t begin = 0; begin < printed.size();) {
    const std::size_t end = std::min(printed.find('\n', begin), printed.size());
    const std::string line = printed.substr(begin, end - begin);
    constexpr std::string_view kStart = "Error: main.alloy:";
    if (line.starts_with(kStart)) out += (out.empty() ? "" : "\n") + line.substr(kStart.size());
    begin = end + 1;
  }
  return out;
}

void expect_said(const std::vector<Judged>& rows) {
  for (const Judged& row : rows) {
    EXPECT_EQ(first_lines(validated(row.text)), row.said) << row.why;
    Rig rig;
    EXPECT_EQ(first_lines(testing::printed(rig.load(row.text).diagnostics)), row.said)
        << row.why << ", loaded";
  }
}

TEST(ReferenceTypes, ExportsThatDoNotExist) {
  expect_said({
      {"misspelt", "toy.sum \"a\" { }\ntoy.sum \"b\" { value = toy.sum.a.summ }",
       "2:33: toy.sum.a does not export \"summ\" (did you mean \"sum\"?)"},
      {"like no other", "toy.sink \"a\" { }\ntoy.sum \"b\" { value = toy.sink.a.output }",
       "2:34: toy.sink.a does not export \"output\" (it exports receiver, taken)"},
      {"of what exports nothing",
       "toy.pulse \"p\" { forward_to = [] }\ntoy.sum \"b\" { value = toy.pulse.p.sum }",
       "2:35: toy.pulse.p exports nothing: there is no \"sum\""},
      {"inside an expression", "toy.sum \"a\" { }\ntoy.sum \"b\" { value = 1 + toy.sum.a.total }",
       "2:37: toy.sum.a does not export \"total\" (it exports sum)"},
      {"of what has no fields",
       "toy.sink \"a\" { }\ntoy.pulse \"p\" { forward_to = [toy.sink.a.receiver.x] }",
       "2:31: toy.sink.a.receiver is a receiver, which has no fields"},
      {"one that is there", "toy.sum \"a\" { }\ntoy.sum \"b\" { value = toy.sum.a.sum }", ""},
  });
}

TEST(ReferenceTypes, NamesThatMeanSomethingElse) {
  const std::string pulse = "toy.sink \"s\" { }\ntoy.pulse \"p\" { forward_to = [";
  const auto said = [&](const std::string& name) { return first_lines(validated(pulse + name + "] }")); };
  const std::string mean = " does not exist or is out of scope (did you mean \"toy.sink.s\"?)";
  EXPECT_EQ(said("toy.sink.default_label.receiver"),
            "2:31: component \"toy.sink.default_label.receiver\"" + mean);
  EXPECT_EQ(said("s.receiver"), "2:31: component \"s.receiver\"" + mean);
  EXPECT_EQ(said("toy.sink[\"s\"].receiver"), "2:31: component \"toy.sink\"" + mean);
  EXPECT_EQ(first_lines(validated("toy.sum \"a\" { value = True }")),
            "1:23: component \"True\" does not exist or is out of scope (write true)");
  EXPECT_EQ(first_lines(validated("toy.sum \"a\" { note = sys.env(HOME) }")),
            "1:30: component \"HOME\" does not exist or is out of scope (a text stands in double quotes)");
}

TEST(ReferenceTypes, ReceiversAndLists) {
  const std::string sink = "toy.sink \"s\" { }\n";
  const std::string sum = "toy.sum \"n\" { }\n";
  const auto row = [&](const char* why, const std::string& value, const char* said) {
    const std::string text = sink + sum + "toy.pulse \"p\" { forward_to = " + value + " }";
    expect_said({{why, text.c_str(), said}});
  };
  row("no list", "toy.sink.s.receiver",
      "3:30: expected a list of receivers, got a receiver: write [toy.sink.s.receiver]");
  row("in parentheses", "(toy.sink.s.receiver)",
      "3:31: expected a list of receivers, got a receiver: write [toy.sink.s.receiver]");
  row("the component", "[toy.sink.s]",
      "3:31: expected a receiver, got the component toy.sink.s: write toy.sink.s.receiver");
  row("the component, and no list", "toy.sink.s",
      "3:30: expected a list of receivers, got the component toy.sink.s: write [toy.sink.s.receiver]");
  row("another export", "[toy.sink.s.taken]",
      "3:31: expected a receiver, got a number: write toy.sink.s.receiver");
  row("of what has no receiver", "[toy.sum.n.sum]",
      "3:31: expected a receiver, got a number (a receiver is wanted, as in pyroscope.write.NAME.receiver)");
  row("each wrong element", "[toy.sum.n.sum, toy.sink.s.receiver, toy.sink.s]",
      "3:31: expected a receiver, got a number (a receiver is wanted, as in pyroscope.write.NAME.receiver)\n"
      "3:67: expected a receiver, got the component toy.sink.s: write toy.sink.s.receiver");
  row("right", "[toy.sink.s.receiver]", "");
}

TEST(ReferenceTypes, OtherTypes) {
  expect_said({
      {"a list where one is wanted", "toy.sink \"s\" { }\ntoy.sum \"a\" { value = toy.sink.s.receiver }",
       "2:23: expected a number, got a receiver: write toy.sink.s.taken"},
      {"one where a list is wanted", "toy.sum \"s\" { }\ntoy.sum \"a\" { inputs = toy.sum.s.sum }",
       "2:24: expected a list, got a number: write [toy.sum.s.sum]"},
      {"text from a number is a conversion", "toy.sum \"s\" { }\ntoy.echo \"a\" { input = toy.sum.s.sum }",
       ""},
  });
}

TEST(ReferenceTypes, CustomComponentsExportWhatTheirDeclareDoes) {
  const std::string declare =
      "declare \"m\" {\n  toy.sink \"s\" { }\n  toy.sum \"n\" { }\n"
      "  export \"receiver\" { value = toy.sink.s.receiver }\n  export \"double\" { value = 2 * "
      "toy.sum.n.sum }\n}\n"
      "m \"x\" { }\n";
  EXPECT_EQ(first_lines(validated(declare + "toy.sum \"b\" { value = m.x.recveiver }")),
            "8:27: m.x does not export \"recveiver\" (did you mean \"receiver\"?)");
  EXPECT_EQ(first_lines(validated(declare + "toy.pulse \"b\" { forward_to = m.x.receiver }")),
            "8:30: expected a list of receivers, got a receiver: write [m.x.receiver]");
  EXPECT_EQ(first_lines(validated(declare + "toy.sum \"b\" { value = m.x.double }")), "");
}

TEST(ReferenceTypes, InsideDeclares) {
  EXPECT_EQ(first_lines(validated("declare \"m\" {\n  argument \"to\" { }\n  toy.sink \"s\" { }\n"
                                  "  toy.pulse \"p\" { forward_to = toy.sink.s.receiver }\n"
                                  "  toy.pulse \"q\" { forward_to = argument.to.vlaue }\n"
                                  "  toy.pulse \"r\" { forward_to = argument.to.value }\n}")),
            "4:32: expected a list of receivers, got a receiver: write [toy.sink.s.receiver]\n"
            "5:44: argument.to does not export \"vlaue\" (did you mean \"value\"?)");
}

TEST(ReferenceTypes, InsideTemplates) {
  const std::string text =
      "toy.sink \"s\" { }\nforeach \"f\" {\n  collection = [1]\n  var = \"each\"\n  template {\n"
      "    toy.pulse \"p\" { forward_to = toy.sink.s.receiver }\n"
      "    toy.sum \"n\" { value = toy.sink.s.takne }\n"
      "    toy.sum \"own\" { value = toy.sum.n.total + each }\n  }\n}\n";
  EXPECT_EQ(first_lines(validated(text)),
            "6:34: expected a list of receivers, got a receiver: write [toy.sink.s.receiver]\n"
            "7:38: toy.sink.s does not export \"takne\" (did you mean \"taken\"?)\n"
            "8:39: toy.sum.n does not export \"total\" (it exports sum)");
}

}  // namespace
}  // namespace invar::runtime
