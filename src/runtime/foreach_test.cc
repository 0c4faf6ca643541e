// foreach: modules.md 4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/foreach_arguments.h"
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::printed;
using testing::Rig;
using ::testing::UnorderedElementsAre;

std::string each(const std::string& collection, const std::string& more = "") {
  return "foreach \"f\" {\n collection = " + collection + "\n var = \"each\"\n" + more +
         "\n template {\n  toy.sum \"s\" { value = each }\n }\n}\n";
}

TEST(Foreach, MakesItsTemplateForEachItem) {
  Rig rig;
  rig.run(each("[1, 2]"));
  EXPECT_EQ(rig.exported("foreach.f/foreach_1_1/toy.sum.s", "sum"), "1");
  EXPECT_EQ(rig.exported("foreach.f/foreach_2_1/toy.sum.s", "sum"), "2");
  const auto views = rig.controller->list("");
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].name, "foreach");
  EXPECT_THAT(views[0].created_module_ids, ElementsAre("foreach.f/foreach_1_1", "foreach.f/foreach_2_1"));
  EXPECT_EQ(rig.health("foreach.f"), "healthy: started foreach");
}

TEST(Foreach, OnlyWhatChangedIsTouched) {
  Rig rig;
  rig.run(each("[1, 2]"));
  rig.toys.take_events();
  EXPECT_TRUE(rig.reload(each("[2, 3]")).diagnostics.empty());
  EXPECT_THAT(
      rig.toys.take_events(),
      ElementsAre("stop foreach.f/foreach_1_1/toy.sum.s", "build foreach.f/foreach_3_1/toy.sum.s",
                  "start foreach.f/foreach_3_1/toy.sum.s", "destroy foreach.f/foreach_1_1/toy.sum.s"));
}

TEST(Foreach, AnItemIsKnownByItsField) {
  Rig rig;
  const auto text = [](const std::string& items) {
    return "foreach \"f\" {\n collection = " + items +
           "\n var = \"each\"\n id = \"name\"\n template {\n  toy.sum \"s\" { value = each.n }\n }\n}\n";
  };
  rig.run(text("[{name = \"app-1\", n = 1}, {name = \"b\", n = 1}]"));
  EXPECT_EQ(rig.exported("foreach.f/foreach_app_1_1/toy.sum.s", "sum"), "1");
  rig.toys.take_events();
  rig.reload(text("[{name = \"b\", n = 1}, {name = \"app-1\", n = 5}]"));
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update foreach.f/foreach_app_1_1/toy.sum.s"));
}

TEST(Foreach, FollowsWhatIsAroundIt) {
  Rig rig;
  rig.run(R"(
toy.sum "around" { value = 1 }
foreach "f" {
  collection = ["a", "b"]
  var        = "each"
  template {
    toy.echo "e" { input = each }
    toy.sum "s" { inputs = [toy.sum.around.sum] }
  }
}
)");
  rig.toys.take_events();
  rig.toys.publish_sum("toy.sum.around", 4);
  rig.loop.run_until_idle();
  EXPECT_THAT(rig.toys.take_events(), ElementsAre("update foreach.f/foreach_a_1/toy.sum.s",
                                                  "update foreach.f/foreach_b_1/toy.sum.s"));
  EXPECT_EQ(rig.exported("foreach.f/foreach_b_1/toy.sum.s", "sum"), "4");
}

TEST(Foreach, MayBeNestedAndUseDeclares) {
  Rig rig;
  rig.run(R"(
declare "m" {
  argument "n" { }
  toy.sum "s" { value = argument.n.value }
}
toy.sum "base" { value = 100 }
foreach "outer" {
  collection = [1, 2]
  var        = "x"
  template {
    foreach "inner" {
      collection = [10]
      var        = "y"
      template {
        m "m" { n = x + y + toy.sum.base.sum }
      }
    }
  }
}
)");
  EXPECT_EQ(rig.exported("foreach.outer/foreach_2_1/foreach.inner/foreach_10_1/m.m/toy.sum.s", "sum"), "112");
  rig.toys.publish_sum("toy.sum.base", 200);
  rig.loop.run_until_idle();
  EXPECT_EQ(rig.exported("foreach.outer/foreach_1_1/foreach.inner/foreach_10_1/m.m/toy.sum.s", "sum"), "211");
}

TEST(Foreach, OneBadItemIsAlone) {
  Rig rig;
  rig.run(each("[1, 2]"));
  rig.toys.take_events();
  const auto result = rig.reload(each("[1, \"bad\", 3]"));
  EXPECT_TRUE(result.applied);
  EXPECT_EQ(result.diagnostics.size(), 1U);
  EXPECT_THAT(printed(result.diagnostics),
              AllOf(HasSubstr("main.alloy:6:25: each should be number, got string"),
                    HasSubstr("(in foreach.f at main.alloy:1:1)")));
  EXPECT_EQ(rig.exported("foreach.f/foreach_3_1/toy.sum.s", "sum"), "3");
  EXPECT_THAT(rig.health("foreach.f"), HasSubstr("unhealthy: foreach evaluation failed"));
}

TEST(Foreach, MetricsOfItsChildrenAreShownWhenAskedFor) {
  Rig rig;
  rig.run(each("[1]"));
  EXPECT_THAT(rig.metrics_page(), Not(HasSubstr("toy_up")));
  rig.toys.take_events();
  EXPECT_TRUE(rig.reload(each("[1]", " enable_metrics = true")).diagnostics.empty());
  EXPECT_TRUE(
      rig.metric_line("toy_up{component_id=\"toy.sum.s\",component_path=\"/foreach.f/foreach_1_1\"} 1"));
  EXPECT_EQ(rig.exported("foreach.f/foreach_1_1/toy.sum.s", "sum"), "1");
}

TEST(Foreach, StopsWithItsChildren) {
  Rig rig;
  rig.run(each("[1, 2]"));
  rig.toys.take_events();
  rig.reload("");
  EXPECT_EQ(rig.toys.take_events().size(), 4U);
  EXPECT_FALSE(rig.controller->has_module("foreach.f/foreach_1_1"));
  rig.reload(each("[1]"));
  rig.toys.take_events();
  rig.stop();
  EXPECT_THAT(rig.toys.take_events(),
              ElementsAre("stop foreach.f/foreach_1_1/toy.sum.s", "destroy foreach.f/foreach_1_1/toy.sum.s"));
}

TEST(Foreach, SaysWhatIsWrongWithIt) {
  const struct {
    const char* text;
    const char* said;
  } cases[] = {
      {"foreach \"f\" {\n collection = [1]\n var = \"x\"\n}\n", "missing required block \"template\""},
      {"foreach \"f\" {\n var = \"x\"\n template { }\n}\n", "missing required attribute \"collection\""},
      {"foreach \"f\" {\n collection = [1]\n var = \"a b\"\n template { }\n}\n", "var must be a name"},
      {"foreach \"f\" {\n collection = [1]\n var = \"x\"\n template {\n  size = 1\n }\n}\n",
       "main.alloy:5:3: unrecognized attribute size"},
      {"foreach \"f\" {\n collection = [1]\n var = \"x\"\n template {\n  argument \"a\" { }\n }\n}\n",
       "argument.a not allowed in foreach"},
      {"foreach \"f\" {\n collection = [1]\n var = \"x\"\n template {\n  toy.sum \"s\" { value = y }\n "
       "}\n}\n",
       "component \"y\" does not exist or is out of scope"},
  };
  for (const auto& c : cases) {
    Rig rig;
    EXPECT_THAT(printed(rig.load(c.text).diagnostics), HasSubstr(c.said)) << c.text;
  }
}

TEST(Foreach, IdentitiesAreStableNames) {
  const auto prefix = [](const syntax::Value& item, bool hash = false) {
    ForeachArguments arguments;
    arguments.hash_string_id = hash;
    return child_prefix(item, arguments);
  };
  EXPECT_EQ(prefix("app-1/x"), "foreach_app_1_x");
  EXPECT_EQ(prefix("größe"), "foreach_größe");
  EXPECT_EQ(prefix(-3), "foreach__3");
  EXPECT_EQ(prefix(1.0), "foreach_1_000000");
  EXPECT_EQ(prefix(true), "foreach_true");
  EXPECT_EQ(prefix("a", true), "foreach_ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  EXPECT_EQ(prefix(syntax::Value::object({{"a", 1}})), prefix(syntax::Value::object({{"a", 1}})));
}

}  // namespace
}  // namespace invar::runtime
