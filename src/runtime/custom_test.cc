// declare, argument, export and what is made of them: modules.md 1.
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

constexpr const char* kAdd = R"(
declare "add" {
  argument "a" { }
  argument "b" {
    optional = true
    default  = 10
  }
  toy.sum "s" {
    value  = argument.a.value
    inputs = [argument.b.value]
  }
  export "sum" { value = toy.sum.s.sum }
}
)";

std::string with_add(const std::string& text) {
  return kAdd + text;
}

TEST(CustomComponent, TakesArgumentsAndExportsWhatItsModuleExports) {
  Rig rig;
  rig.run(with_add(R"(
add "x" { a = 1 }
add "y" {
  a = add.x.sum
  b = 2
}
toy.sum "z" { inputs = [add.y.sum] }
)"));
  EXPECT_EQ(rig.exported("add.x", "sum"), "11");
  EXPECT_EQ(rig.exported("toy.sum.z", "sum"), "13");
  EXPECT_EQ(rig.exported("add.x/toy.sum.s", "sum"), "11");
  EXPECT_EQ(rig.health("add.x"), "healthy: started custom component");
  EXPECT_EQ(rig.health("add.x/toy.sum.s"), "healthy: started component");
  EXPECT_THAT(
      rig.toys.take_events(),
      ::testing::UnorderedElementsAre("build add.x/toy.sum.s", "build add.y/toy.sum.s", "build toy.sum.z",
                                      "start add.x/toy.sum.s", "start add.y/toy.sum.s", "start toy.sum.z"));
}

TEST(CustomComponent, IsListedWithTheModuleThatItMade) {
  Rig rig;
  rig.run(with_add("add \"x\" { a = 1 }\ntoy.sum \"z\" { inputs = [add.x.sum] }\n"));
  const auto root = rig.controller->list("");
  ASSERT_EQ(root.size(), 2U);
  EXPECT_EQ(root[0].name, "add");
  EXPECT_EQ(root[0].label, "x");
  EXPECT_THAT(root[0].created_module_ids, ElementsAre("add.x"));
  EXPECT_THAT(root[0].referenced_by, ElementsAre("toy.sum.z"));
  EXPECT_THAT(root[0].data_flow_edges_to, ElementsAre("toy.sum.z"));
  const auto inner = rig.controller->list("add.x");
  ASSERT_EQ(inner.size(), 1U);
  EXPECT_EQ(inner[0].module_id, "add.x");
  EXPECT_EQ(inner[0].id(), "add.x/toy.sum.s");
  EXPECT_TRUE(rig.controller->has_module("add.x"));
  EXPECT_FALSE(rig.controller->has_module("add"));
  EXPECT_FALSE(rig.controller->has_module("add.xx"));
  EXPECT_FALSE(rig.controller->details("add.x/toy.sum.t"));
  EXPECT_TRUE(rig.metric_line("toy_up{component_id=\"toy.sum.s\",component_path=\"/add.x\"} 1"));
}

TEST(CustomComponent, AChangeFromOutsideRunsThroughTheModule) {
  Rig rig;
  rig.run(
      with_add("toy.sum \"in\" { value = 1 }\nadd \"x\" { a = toy.sum.in.sum }\n"
               "toy.sum \"out\" { inputs = [add.x.sum] }\n"));
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.in", 5);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("toy.sum.out", "sum"), "15");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update add.x/toy.sum.s", "update toy.sum.out"));
  rig.toys.publish_sum("add.x/toy.sum.s", 100);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("toy.sum.out", "sum"), "100");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update toy.sum.out"));
}

TEST(CustomComponent, AChangedArgumentTouchesOnlyWhatUsesIt) {
  Rig rig;
  const std::string text = R"(
declare "two" {
  argument "a" { }
  argument "b" { }
  toy.sum "a" { value = argument.a.value }
  toy.sum "b" { value = argument.b.value }
  toy.count "c" { }
}
)";
  rig.run(text + "two \"x\" {\n a = 1\n b = 1\n}\n");
  rig.toys.take_events();
  EXPECT_TRUE(rig.reload(text + "two \"x\" {\n a = 1\n b = 2\n}\n").diagnostics.empty());
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update two.x/toy.sum.b"));
}

TEST(CustomComponent, AChangedDeclareIsAppliedInPlace) {
  Rig rig;
  const std::string text = "declare \"m\" {\n toy.sum \"a\" { }\n toy.sum \"b\" { }\n}\nm \"x\" { }\n";
  rig.run(text);
  rig.toys.take_events();
  rig.reload("declare \"m\" {\n toy.sum \"a\" { }\n toy.sum \"c\" { }\n}\nm \"x\" { }\n");
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build m.x/toy.sum.c", "stop m.x/toy.sum.b",
                                                  "destroy m.x/toy.sum.b", "start m.x/toy.sum.c"));
  rig.reload("");
  EXPECT_THAT(rig.toys.take_events(),
              ::testing::UnorderedElementsAre("stop m.x/toy.sum.c", "stop m.x/toy.sum.a",
                                              "destroy m.x/toy.sum.c", "destroy m.x/toy.sum.a"));
}

TEST(CustomComponent, ADefaultFollowsTheComponentThatItComesFrom) {
  Rig rig;
  rig.run(R"(
declare "m" {
  toy.sum "source" { value = 1 }
  argument "n" {
    optional = true
    default  = toy.sum.source.sum
  }
  export "n" { value = argument.n.value }
}
m "x" { }
)");
  EXPECT_EQ(rig.exported("m.x", "n"), "1");
  rig.toys.publish_sum("m.x/toy.sum.source", 7);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("m.x", "n"), "7");
}

TEST(CustomComponent, MayBeEmptyAndNested) {
  Rig rig;
  rig.run(R"(
declare "empty" { }
declare "outer" {
  declare "inner" {
    argument "n" { }
    toy.sum "s" { value = argument.n.value }
    export "n" { value = toy.sum.s.sum }
  }
  inner "i" { n = 3 }
  empty "e" { }
  export "n" { value = inner.i.n }
}
empty "e" { }
outer "o" { }
)");
  EXPECT_EQ(rig.exported("outer.o", "n"), "3");
  EXPECT_EQ(rig.exported("outer.o/inner.i/toy.sum.s", "sum"), "3");
  EXPECT_TRUE(rig.controller->has_module("outer.o/inner.i"));
  EXPECT_TRUE(rig.controller->has_module("empty.e"));
}

TEST(CustomComponent, WhatIsWrongInsideIsSaidAtItsPlaceWithTheInstances) {
  Rig rig;
  const auto result = rig.load(R"(declare "inner" {
  toy.sum "s" { value = "x" }
}
declare "outer" {
  inner "i" { }
}
outer "o" { }
)");
  EXPECT_FALSE(result.applied);
  EXPECT_EQ(printed(result.diagnostics),
            "Error: main.alloy:2:25: \"x\" should be number, got string (in inner.i at main.alloy:5:3) (in "
            "outer.o at "
            "main.alloy:7:1)\n\n1 | declare \"inner\" {\n2 |   toy.sum \"s\" { value = \"x\" }\n  |          "
            "         "
            "      ^^^\n3 | }");
}

TEST(CustomComponent, ArgumentsAreThoseOfTheDeclare) {
  Rig rig;
  EXPECT_THAT(
      printed(rig.load(with_add("add \"x\" { }\n")).diagnostics),
      HasSubstr(
          "main.alloy:3:3: Failed to evaluate node for config block: missing required argument \"a\" to "
          "module (in add.x at main.alloy:14:1)"));
  const auto unknown = rig.load(with_add("add \"x\" {\n  a = 1\n  q = 2\n}\n"));
  EXPECT_EQ(unknown.diagnostics.size(), 1U);
  EXPECT_THAT(printed(unknown.diagnostics),
              HasSubstr("main.alloy:16:3: Provided argument \"q\" is not defined in the module"));
}

TEST(CustomComponent, AMissingArgumentIsTheOnlyErrorOfItsInstance) {
  Rig rig;
  EXPECT_EQ(rig.load(with_add("add \"x\" { }\n")).diagnostics.size(), 1U);
}

TEST(CustomComponent, AWrongArgumentBlockIsSaidAsItIs) {
  Rig rig;
  const auto result = rig.load("declare \"m\" {\n  argument \"n\" { wrong = 1 }\n}\nm \"x\" { n = 1 }\n");
  EXPECT_EQ(result.diagnostics.size(), 1U);
  EXPECT_THAT(printed(result.diagnostics), HasSubstr("unrecognized attribute name \"wrong\""));
}

TEST(CustomComponent, RecursionIsACircle) {
  Rig rig;
  EXPECT_THAT(printed(rig.load("declare \"a\" {\n  a \"x\" { }\n}\n").diagnostics),
              HasSubstr("main.alloy:2:3: self reference: declare.a"));
  EXPECT_THAT(printed(rig.load("declare \"a\" {\n  declare \"n\" { a \"x\" { } }\n}\n").diagnostics),
              HasSubstr("self reference: declare.a"));
  EXPECT_THAT(
      printed(rig.load("declare \"a\" {\n b \"x\" { }\n}\ndeclare \"b\" {\n a \"x\" { }\n}\n").diagnostics),
      HasSubstr("cycle: declare.a, declare.b"));
}

TEST(CustomComponent, SeesNeitherTheComponentsNorTheBlocksOfTheRoot) {
  Rig rig;
  EXPECT_THAT(
      printed(rig.load("toy.sum \"r\" { }\ndeclare \"m\" {\n toy.sum \"s\" { inputs = [toy.sum.r.sum] }\n}\n"
                       "m \"x\" { }\n")
                  .diagnostics),
      HasSubstr("component \"toy.sum.r.sum\" does not exist or is out of scope"));
  EXPECT_THAT(printed(rig.load("declare \"m\" {\n logging { }\n}\nm \"x\" { }\n").diagnostics),
              HasSubstr("logging block not allowed inside a module"));
  EXPECT_THAT(printed(rig.load("declare \"m\" {\n service { }\n}\nm \"x\" { }\n").diagnostics),
              HasSubstr("service blocks not allowed inside a module: \"service\""));
  EXPECT_THAT(printed(rig.load("declare \"m\" {\n size = 1\n}\nm \"x\" { }\n").diagnostics),
              HasSubstr("unrecognized attribute size"));
}

TEST(CustomComponent, FailsAloneInARunningConfiguration) {
  Rig rig;
  rig.run(with_add("add \"x\" { a = 1 }\nadd \"y\" { a = 2 }\n"));
  rig.toys.take_events();
  const auto result =
      rig.reload(with_add("add \"x\" { a = \"no\" }\nadd \"y\" { a = 3 }\nadd \"new\" { }\n"));
  EXPECT_TRUE(result.applied);
  EXPECT_EQ(result.diagnostics.size(), 2U);
  EXPECT_EQ(rig.exported("add.x", "sum"), "11") << "the last good one goes on";
  EXPECT_EQ(rig.exported("add.y", "sum"), "13");
  EXPECT_THAT(rig.health("add.x"),
              HasSubstr("unhealthy: component evaluation failed: updating custom component"));
  EXPECT_THAT(rig.health("add.new"),
              HasSubstr("unhealthy: component evaluation failed: loading custom component"));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update add.y/toy.sum.s"));
  EXPECT_EQ(rig.controller->unhealthy_component_names(), (std::vector<std::string>{"add", "add"}));
  // What could not be loaded runs as soon as it can be.
  rig.reload(with_add("add \"x\" { a = 1 }\nadd \"y\" { a = 3 }\nadd \"new\" { a = 1 }\n"));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("build add.new/toy.sum.s", "start add.new/toy.sum.s"));
}

TEST(CustomComponent, ProfilesFlowThroughIt) {
  Rig rig;
  rig.run(R"(
declare "to" {
  argument "receivers" { }
  toy.pulse "p" { forward_to = argument.receivers.value }
}
declare "from" {
  toy.sink "s" { }
  export "receiver" { value = toy.sink.s.receiver }
}
to "a" { receivers = [from.b.receiver] }
from "b" { }
)");
  const auto views = rig.controller->list("");
  EXPECT_THAT(views[0].data_flow_edges_to, ElementsAre("from.b"));
  EXPECT_THAT(views[1].data_flow_edges_to, IsEmpty());
  rig.loop.advance(std::chrono::milliseconds(2500));
  EXPECT_EQ(rig.exported("from.b/toy.sink.s", "taken"), "2");
}

TEST(CustomComponent, NeedsItsLabelAndTakesNoBlocks) {
  Rig rig;
  EXPECT_THAT(printed(rig.load(with_add("add { a = 1 }\n")).diagnostics),
              HasSubstr("component \"add\" must have a label"));
  EXPECT_THAT(printed(rig.load(with_add("add \"x\" {\n a = 1\n b { }\n}\n")).diagnostics),
              HasSubstr("nested blocks not supported here"));
  EXPECT_THAT(printed(rig.load("declare { }\n").diagnostics), HasSubstr("declare block must have a label"));
  EXPECT_THAT(printed(rig.load("declare \"declare\" { }\n").diagnostics),
              HasSubstr("'declare' is not a valid label for a declare block"));
  EXPECT_THAT(printed(rig.load("argument \"x\" { }\n").diagnostics),
              HasSubstr("argument blocks only allowed inside a module"));
}

TEST(CustomComponent, StopsWhatItMade) {
  Rig rig;
  rig.run(
      "declare \"m\" {\n toy.sum \"a\" { }\n toy.sum \"b\" { inputs = [toy.sum.a.sum] }\n}\nm \"x\" { }\n");
  rig.toys.take_events();
  rig.stop();
  const auto events = rig.toys.take_events();
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events[0], "stop m.x/toy.sum.b");
}

}  // namespace
}  // namespace invar::runtime
