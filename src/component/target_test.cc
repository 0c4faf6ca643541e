#include "component/target.h"

#include <gtest/gtest.h>

#include "component/receiver.h"
#include "syntax/testing/evaluation.h"

namespace invar::component {
namespace {

using syntax::CapsulePtr;
using syntax::Codec;
using syntax::Scope;
using syntax::Value;
using syntax::testing::evaluate_text;
using syntax::testing::evaluate_value;

Scope test_scope() {
  Scope scope;
  scope.variables["t"] = Codec<Target>::encode(Target({{"__address__", "h:1"}, {"a-b", "x"}}));
  scope.variables["same"] = Codec<Target>::encode(Target({{"a-b", "x"}, {"__address__", "h:1"}}));
  scope.variables["none"] = Codec<Target>::encode(Target());
  scope.variables["secret"] = Value(CapsulePtr(std::make_shared<syntax::Secret>("hush")));
  scope.variables["hidden"] = Value(CapsulePtr(std::make_shared<syntax::OptionalSecret>("hush", true)));
  scope.variables["open"] = Value(CapsulePtr(std::make_shared<syntax::OptionalSecret>("text", false)));
  scope.variables["receiver"] = Codec<pipeline::ReceiverPtr>::encode(nullptr);
  return scope;
}

std::string decoded(std::string_view expression) {
  const auto target = Codec<Target>::decode(evaluate_value(expression, test_scope()));
  return target ? target->to_string() : "error: " + target.error().message;
}

TEST(Target, IsMadeFromAnObject) {
  const struct {
    std::string_view expression, want;
  } rows[] = {
      {"{b = \"2\", a = \"1\"}", R"({"a"="1", "b"="2"})"},
      {"{a = 5, b = 1.5, c = 1e10, d = true, e = \"\"}",
       R"({"a"="5", "b"="1.5", "c"="1e+10", "d"="true", "e"=""})"},
      {"{a = open}", R"({"a"="text"})"},
      {"t", R"({"__address__"="h:1", "a-b"="x"})"},
      {"null", "{}"},
      {"{}", "{}"},
      {"{a = secret}", "error: target::ConvertFrom: cannot use a secret as a target value"},
      {"{a = hidden}", "error: target::ConvertFrom: cannot use a secret as a target value"},
      {"{a = null}", "error: target::ConvertFrom: cannot convert a nil value to a target value"},
      {"{a = [1, \"x\"], b = {}, c = {k = [secret]}}",
       R"({"a"="[1 x]", "b"="map[]", "c"="map[k:[(secret)]]"})"},
      {"\"x\"", "error: target::ConvertFrom: conversion from 'string' is not supported"},
      {"1", "error: target::ConvertFrom: conversion from 'int64' is not supported"},
      {"true", "error: target::ConvertFrom: conversion from 'bool' is not supported"},
      {"[]", "error: target::ConvertFrom: conversion from '[]value.Value' is not supported"},
  };
  for (const auto& row : rows) EXPECT_EQ(decoded(row.expression), row.want) << row.expression;
}

TEST(Target, ReadsAsAnObjectInTheLanguage) {
  const struct {
    std::string_view expression, want;
  } rows[] = {
      {"t[\"__address__\"]", "\"h:1\""},
      {"t[\"zz\"]", "null"},
      {"t.__address__", "\"h:1\""},
      {"t.zz", "error: 1:3: field \"zz\" does not exist"},
      {"t == same", "true"},
      {"t == none", "false"},
      {"t == {__address__ = \"h:1\", \"a-b\" = \"x\"}", "false"},
      {"coalesce(none, t)", R"({"__address__"="h:1", "a-b"="x"})"},
      {"array.concat([t], [none])", R"([{"__address__"="h:1", "a-b"="x"}, {}])"},
      {"array.combine_maps([t], [{__address__ = \"h:1\", z = \"1\"}], [\"__address__\"])",
       R"([{__address__ = "h:1", "a-b" = "x", z = "1"}])"},
      {"string.format(\"%v\", t)", R"("{\"__address__\"=\"h:1\", \"a-b\"=\"x\"}")"},
      {"encoding.to_json({t = t})", R"("{\"t\":{\"__address__\":\"h:1\",\"a-b\":\"x\"}}")"},
      {"string.trim(t, \"\")",
       "error: 1:13: t target::ConvertInto: conversion to '*string' is not supported"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(evaluate_text(row.expression, test_scope()), row.want) << row.expression;
}

TEST(Target, ListsOfTargetsAreFlattenedByOneLevel) {
  const auto flat = [](std::string_view expression) {
    const auto targets = Codec<FlattenedTargets>::decode(evaluate_value(expression, test_scope()));
    if (!targets) return "error: " + targets.error().message;
    std::string out;
    for (const auto& target : targets->targets) out += target.to_string();
    return out;
  };
  EXPECT_EQ(flat("[{a = 1}, [{b = 2}, t], {}]"), R"({"a"="1"}{"b"="2"}{"__address__"="h:1", "a-b"="x"}{})");
  EXPECT_EQ(flat("null"), "");
  EXPECT_EQ(flat("[[[{}]]]"), "error: target::ConvertFrom: conversion from '[]value.Value' is not supported");
  EXPECT_EQ(flat("{}"), "error: should be array, got object");
}

TEST(Target, EmptyValuesVanishInLabels) {
  const Target target({{"a", ""}, {"b", "1"}});
  EXPECT_EQ(target.labels().size(), 2U);
  EXPECT_EQ(target.to_labels().to_string(), "{b=\"1\"}");
  EXPECT_EQ(target.get("b"), "1");
  EXPECT_EQ(target.get("zz"), "");
}

TargetLabels labels_of(std::vector<TargetLabels::Entry> entries) {
  return TargetLabels(std::move(entries));
}

TEST(Target, ALabelOfItsOwnWinsOverTheGroups) {
  const auto group = std::make_shared<const TargetLabels>(
      labels_of({{"job", "shop"}, {"zone", "a"}, {"__address__", "nobody"}}));
  const Target overriding(group, labels_of({{"__address__", "h:1"}, {"b", "2"}}));
  EXPECT_EQ(overriding.to_string(), R"({"__address__"="h:1", "b"="2", "job"="shop", "zone"="a"})");
  EXPECT_EQ(overriding.labels().size(), 4U);
  const Target beside(group, labels_of({{"k", "3"}}));
  EXPECT_EQ(beside.to_string(), R"({"__address__"="nobody", "job"="shop", "k"="3", "zone"="a"})");
  EXPECT_EQ(beside.get("zone"), "a");
  EXPECT_EQ(beside.get("k"), "3");
}

TEST(Target, IsEqualHoweverItsLabelsAreShared) {
  const auto group = std::make_shared<const TargetLabels>(labels_of({{"b", "2"}, {"d", "4"}}));
  const Target shared(group, labels_of({{"c", "3"}, {"a", "1"}}));
  const Target plain({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_EQ(shared, plain);
  EXPECT_EQ(shared.fingerprint(), plain.fingerprint());
  EXPECT_EQ(shared.to_map(), plain.to_map());
  EXPECT_NE(shared, Target(group, labels_of({{"c", "3"}, {"a", "2"}})));
  EXPECT_NE(shared, Target({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"e", "4"}}));
  EXPECT_NE(Target(Target::Map{{"a", "b"}}).fingerprint(), Target(Target::Map{{"b", "a"}}).fingerprint());
}

TEST(TargetLabels, AreSortedAndTheLastOfARepeatedNameWins) {
  const TargetLabels labels = labels_of({{"b", "1"}, {"a", "2"}, {"b", "3"}});
  ASSERT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels.find("b")->second, "3");
  EXPECT_EQ(labels.find("c"), nullptr);
  EXPECT_EQ(labels, labels_of({{"a", "2"}, {"b", "3"}}));
}

struct Arguments {
  Targets targets;
  FlattenedTargets flattened;
  std::vector<pipeline::ReceiverPtr> forward_to;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema = syntax::SchemaBuilder<Arguments>()
                                           .attribute("targets", &Arguments::targets, "Targets.")
                                           .attribute("flattened", &Arguments::flattened, "Targets.")
                                           .attribute("forward_to", &Arguments::forward_to, "Receivers.")
                                           .build();
  return schema;
}

TEST(Target, LiteralsAreChecked) {
  const auto check = [](std::string_view body) {
    return syntax::testing::check_text(body, arguments_schema());
  };
  EXPECT_EQ(check("targets = [{a = [1]}, x.y, null]"), "");
  EXPECT_EQ(check("targets = [{\"\" = \"x\"}]"), "1:12-1:21: a label needs a name");
  EXPECT_EQ(check("targets = [[{}]]"), "1:12-1:15: expected capsule, got array");
  EXPECT_EQ(check("flattened = [[{}], {}]"), "");
  EXPECT_EQ(check("flattened = {}"), "1:13-1:14: expected array, got object (write [{}])");
  const std::string advice = " (a receiver is wanted, as in pyroscope.write.NAME.receiver)";
  EXPECT_EQ(check("forward_to = [\"x\", [1], a.receiver]"),
            "1:15-1:17: expected capsule, got string" + advice + " | 1:20-1:22: expected capsule, got array" +
                advice);
  EXPECT_EQ(check("forward_to = \"x\""), "1:14-1:16: expected array, got string" + advice);
}

TEST(Receiver, IsAnOpaqueCapsule) {
  Arguments arguments;
  const auto decode = [&](std::string_view body) {
    return syntax::testing::decode_text(body, arguments_schema(), &arguments, test_scope());
  };
  EXPECT_EQ(decode("forward_to = [receiver, null]"), "");
  EXPECT_EQ(arguments.forward_to.size(), 2U);
  EXPECT_EQ(arguments.forward_to[1], nullptr);
  const std::string advice = " (a receiver is wanted, as in pyroscope.write.NAME.receiver)";
  EXPECT_EQ(decode("forward_to = [\"x\"]"), "1:15: \"x\" should be capsule, got string" + advice);
  EXPECT_EQ(decode("forward_to = [t]"),
            "1:15: t expected capsule(\"pyroscope.Appendable\"), got capsule(\"discovery.Target\")" + advice);
  EXPECT_EQ(evaluate_text("receiver", test_scope()), "capsule(\"pyroscope.Appendable\")");
}

}  // namespace
}  // namespace invar::component
