#include "labels/relabel.h"

#include <gtest/gtest.h>

#include <string>

namespace invar::relabel {
namespace {

constexpr const char* kNamespace = "__meta_kubernetes_namespace";
constexpr const char* kContainer = "__meta_kubernetes_pod_container_name";
constexpr const char* kAppName = "__meta_kubernetes_pod_label_app_kubernetes_io_name";

Labels example() {
  return {{"__address__", "10.0.0.7:8080"}, {kNamespace, "shop"}, {kContainer, "cart"},
          {kAppName, "cart-api"},           {"note", "a:b"},      {"team", "blue"}};
}

std::string run(const RuleConfig& config, const Labels& input) {
  auto rule = Rule::compile(config);
  if (!rule) return "error: " + rule.error().message;
  const auto out = process(input, {*rule});
  return out ? out->to_string() : "dropped";
}

// The example with one label changed; an empty value removes it.
std::string with(std::string_view name, std::string_view value) {
  return LabelsBuilder(example()).set(name, value).build().to_string();
}

TEST(Rule, WorkedExamples) {
  const std::string same = example().to_string();
  const struct {
    const char* why;
    RuleConfig rule;
    std::string want;
  } rows[] = {
      {"join two labels",
       {.source_labels = {kNamespace, kContainer}, .separator = "/", .target_label = "service_name"},
       with("service_name", "shop/cart")},
      {"change the port",
       {.source_labels = {"__address__"},
        .regex = "(.+):\\d+",
        .target_label = "__address__",
        .replacement = "$1:6060"},
       with("__address__", "10.0.0.7:6060")},
      {"$1_6060 names a group that does not exist",
       {.source_labels = {"__address__"},
        .regex = "(.+):\\d+",
        .target_label = "__address__",
        .replacement = "$1_6060"},
       with("__address__", "")},
      {"no source labels", {.target_label = "env", .replacement = "prod"}, with("env", "prod")},
      {"copy of a missing label deletes",
       {.source_labels = {"missing"}, .target_label = "team"},
       with("team", "")},
      {"no match changes nothing",
       {.source_labels = {"missing"}, .regex = "(.+)", .target_label = "team"},
       same},
      {"target expands",
       {.source_labels = {"note"}, .regex = "(\\w+):(\\w+)", .target_label = "x_$1", .replacement = "$2"},
       with("x_a", "b")},
      {"target expands to a UTF-8 name",
       {.source_labels = {"note"}, .regex = "(.*)", .target_label = "x_$1"},
       with("x_a:b", "a:b")},
      {"labelmap keeps the original",
       {.action = Action::kLabelMap, .regex = "__meta_kubernetes_pod_label_(.+)"},
       with("app_kubernetes_io_name", "cart-api")},
      {"labeldrop",
       {.action = Action::kLabelDrop, .regex = "__meta_.*"},
       R"({__address__="10.0.0.7:8080", note="a:b", team="blue"})"},
      {"labelkeep", {.action = Action::kLabelKeep, .regex = "team"}, R"({team="blue"})"},
      {"keep is anchored", {.action = Action::kKeep, .source_labels = {"team"}, .regex = "blu"}, "dropped"},
      {"drop: a missing label keeps its separator",
       {.action = Action::kDrop, .source_labels = {"team", "missing"}, .regex = "blue;"},
       "dropped"},
      {"dropequal: blue is not empty",
       {.action = Action::kDropEqual, .source_labels = {"team"}, .target_label = "missing"},
       same},
      {"keepequal: both empty",
       {.action = Action::kKeepEqual, .source_labels = {"missing"}, .target_label = "missing2"},
       same},
      {"dropequal: both empty",
       {.action = Action::kDropEqual, .source_labels = {"missing"}, .target_label = "missing2"},
       "dropped"},
      {"keepequal: different",
       {.action = Action::kKeepEqual, .source_labels = {"team"}, .target_label = "note"},
       "dropped"},
      {"uppercase",
       {.action = Action::kUppercase, .source_labels = {"team", "note"}, .target_label = "t"},
       with("t", "BLUE;A:B")},
      {"lowercase of nothing deletes",
       {.action = Action::kLowercase, .source_labels = {"missing"}, .target_label = "team"},
       with("team", "")},
      {"hashmod with modulus 0",
       {.action = Action::kHashMod, .modulus = 0, .target_label = "x"},
       "error: relabel configuration for hashmod requires non-zero modulus"},
      {"drop without a match", {.action = Action::kDrop, .source_labels = {"team"}, .regex = "b"}, same},
      {"keep with the default pattern", {.action = Action::kKeep, .source_labels = {"missing"}}, same},
      {"labelmap to an empty name is skipped",
       {.action = Action::kLabelMap, .regex = "team(x)?", .replacement = "$1"},
       same},
      {"separator empty",
       {.source_labels = {kNamespace, kContainer}, .separator = "", .target_label = "t"},
       with("t", "shopcart")},
      {"expanded target empty: nothing", {.regex = "(.*)", .target_label = "$1"}, same},
      {"hashmod does not expand its target",
       {.action = Action::kHashMod, .source_labels = {"missing"}, .modulus = 10, .target_label = "$1"},
       with("$1", "8")},
  };
  for (const auto& row : rows) EXPECT_EQ(run(row.rule, example()), row.want) << row.why;
}

TEST(Rule, HashModVectors) {
  const struct {
    std::string value;
    std::uint64_t modulus;
    const char* want;
  } rows[] = {
      {"", 2, "0"},
      {"", 10, "8"},
      {"", UINT64_MAX, "16825458760271544958"},
      {"a;b", UINT64_MAX, "2420134994223480074"},
      {"a;b", 10, "4"},
      {"prod", UINT64_MAX, "5240684586149663223"},
      {"prod", 2, "1"},
      {"10.0.0.7:6060", UINT64_MAX, "16874869292392137187"},
      {"10.0.0.7:6060", 4, "3"},
      {"10.0.0.8:6060", 4, "0"},
      {"10.0.0.8:6060", UINT64_MAX, "5391164147905845316"},
  };
  for (const auto& row : rows) {
    const RuleConfig config = {
        .action = Action::kHashMod, .source_labels = {"v"}, .modulus = row.modulus, .target_label = "h"};
    const auto out = process(Labels{{"v", row.value}}, {*Rule::compile(config)});
    EXPECT_EQ(out->get("h"), row.want) << row.value << " mod " << row.modulus;
  }
}

TEST(Rule, TwoAgentsShareTheTargetsByHash) {
  int kept = 0;
  for (const char* shard : {"0", "1"}) {
    const Rules rules = {
        *Rule::compile({.action = Action::kHashMod,
                        .source_labels = {"__address__"},
                        .modulus = 2,
                        .target_label = "__shard"}),
        *Rule::compile({.action = Action::kKeep, .source_labels = {"__shard"}, .regex = shard}),
    };
    if (process(example(), rules)) ++kept;
  }
  EXPECT_EQ(kept, 1);
}

// Table of relabel.md 3: value "ab", pattern (a)(?P<nm>b)?.
TEST(Rule, ReplacementExpansion) {
  const struct {
    const char *text, *want;
  } rows[] = {
      {"$1", "a"},          {"${1}", "a"},      {"${1}x", "ax"}, {"$1x", ""},        {"a$1_b", "a"},
      {"$nm", "b"},         {"${nm}z", "bz"},   {"$9", ""},      {"$01", ""},        {"$$1", "$1"},
      {"$", "$"},           {"${", "${"},       {"${1", "${1"},  {"$-", "$-"},       {"$0", "ab"},
      {"x$é.", "x."},       {"${}", "${}"},     {"$1$2", "ab"},  {"$100000000", ""}, {"$$$1", "$a"},
      {"${1}${2}-", "ab-"}, {"${ 1}", "${ 1}"},
  };
  for (const auto& row : rows) {
    const auto out = process(Labels{{"v", "ab"}}, {*Rule::compile({.source_labels = {"v"},
                                                                   .regex = "(a)(?P<nm>b)?",
                                                                   .target_label = "t",
                                                                   .replacement = row.text})});
    EXPECT_EQ(out->get("t"), row.want) << row.text;
  }
  EXPECT_EQ(
      run({.source_labels = {"v"}, .regex = "(a)(?P<nm>b)?", .target_label = "t", .replacement = "[$nm]"},
          Labels{{"v", "a"}}),
      R"({t="[]", v="a"})")
      << "a group that took no part is empty";
  EXPECT_EQ(
      run({.source_labels = {"v"}, .regex = "x(?<n>a)?(?P<n>b)?", .target_label = "t", .replacement = "$n"},
          Labels{{"v", "xb"}}),
      R"({t="b", v="xb"})")
      << "of several groups with one name the first that matched";
}

TEST(Rule, PatternErrorsInTheWordsOfTheLanguage) {
  const struct {
    const char *pattern, *want;
  } rows[] = {
      {"(", "missing closing ): `^(?s:()$`"},
      {"\\", "missing closing ): `^(?s:\\)$`"},
      {"a(?=b)", "invalid or unsupported Perl syntax: `(?=`"},
      {"[z-a]", "invalid character class range: `z-a`"},
      {"a**", "invalid nested repetition operator: `**`"},
      {"a{1001}", "invalid repeat count: `{1001}`"},
      {"\\8", "invalid escape sequence: `\\8`"},
      {"a)", "unexpected ): `^(?s:a))$`"},
      {"[a", "missing closing ]: `[a)$`"},
      {"*a", "missing argument to repetition operator: `*`"},
      {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
      {"\\p{Foo}", "invalid character class range: `\\p{Foo}`"},
      {"(?P<>a)", "invalid named capture: `(?P<>`"},
      {"(?P<日>a)", "invalid named capture: `(?P<日>`"},
      {"x{2,1}", "invalid repeat count: `{2,1}`"},
      {"\\C", "invalid escape sequence: `\\C`"},
      {"[\\C]", "invalid escape sequence: `\\C`"},
  };
  for (const auto& row : rows) {
    const auto result = validate_regex(row.pattern);
    ASSERT_FALSE(result) << row.pattern;
    EXPECT_EQ(result.error().message, std::string("error parsing regexp: ") + row.want) << row.pattern;
  }
  for (const char* good : {"", "a)(b", "^1$", "(?i)x", "(?<n>a)", "(?P<n>a)(?P<n>b)", "\\z", "a{,5}", "[]a]",
                           "\\QC\\C\\E", "\\\\C"}) {
    EXPECT_TRUE(validate_regex(good)) << good;
  }
}

TEST(Rule, MatchingIsAnchoredAndDotMatchesNewline) {
  const struct {
    const char *pattern, *value;
    bool want;
  } rows[] = {
      {"^1$", "1", true},
      {"a", "a\n", false},
      {"a.", "a\n", true},
      {"a|bc", "bc", true},
      {"a|bc", "abc", false},
      {"A", "a", false},
      {"(?i)A", "a", true},
      {"(?m)a$", "a\n", false},
      {".", "日", true},
      {"..", "日", false},
      {".", "\xff", true},
      {"..", "\xff", false},
      {"a.b",
       "a\xc3"
       "b",
       true},
      {"", "", true},
      {"(.*)", "a\nb", true},
      {"a\n?", "a\n", true},
  };
  for (const auto& row : rows) {
    const RuleConfig config = {.action = Action::kKeep, .source_labels = {"v"}, .regex = row.pattern};
    EXPECT_EQ(process(Labels{{"v", row.value}}, {*Rule::compile(config)}).has_value(), row.want)
        << row.pattern << " on " << row.value;
  }
}

TEST(Rule, MalformedUtf8PassesThroughUnchanged) {
  const std::string bytes = "x\xff\xfey\xe2\x82:z";
  const Labels labels = {{"v", bytes}};
  EXPECT_EQ(process(labels, {*Rule::compile({.source_labels = {"v"}, .target_label = "t"})})->get("t"),
            bytes);
  EXPECT_EQ(
      process(
          labels,
          {*Rule::compile(
              {.source_labels = {"v"}, .regex = "x(.*):(z)", .target_label = "t", .replacement = "$2$1"})})
          ->get("t"),
      "z\xff\xfey\xe2\x82");
}

TEST(Rule, ValidationTexts) {
  using A = Action;
  const struct {
    RuleConfig rule;
    const char* want;
  } rows[] = {
      {{.action = A::kReplace}, "relabel configuration for replace action requires 'target_label' value"},
      {{.action = A::kHashMod, .modulus = 1},
       "relabel configuration for hashmod action requires 'target_label' value"},
      {{.action = A::kLowercase}, "relabel configuration for lowercase action requires 'target_label' value"},
      {{.action = A::kUppercase}, "relabel configuration for uppercase action requires 'target_label' value"},
      {{.action = A::kKeepEqual}, "relabel configuration for keepequal action requires 'target_label' value"},
      {{.action = A::kDropEqual}, "relabel configuration for dropequal action requires 'target_label' value"},
      {{.target_label = "\xff"}, R"("\xff" is invalid 'target_label' for replace action)"},
      {{.target_label = "${1}-x"}, R"("${1}-x" is invalid 'target_label' for replace action)"},
      {{.target_label = "1a$1"}, R"("1a$1" is invalid 'target_label' for replace action)"},
      {{.target_label = "1$1"}, R"("1$1" is invalid 'target_label' for replace action)"},
      {{.target_label = "$$1"}, R"("$$1" is invalid 'target_label' for replace action)"},
      {{.target_label = "$1.b"}, R"("$1.b" is invalid 'target_label' for replace action)"},
      {{.target_label = "x $1"}, R"("x $1" is invalid 'target_label' for replace action)"},
      {{.target_label = "${1"}, R"("${1" is invalid 'target_label' for replace action)"},
      {{.target_label = "日$1"}, R"("日$1" is invalid 'target_label' for replace action)"},
      {{.action = A::kLowercase, .target_label = "\xff"},
       R"("\xff" is invalid 'target_label' for lowercase action)"},
      {{.action = A::kDropEqual, .target_label = "\xff"},
       R"("\xff" is invalid 'target_label' for dropequal action)"},
      {{.action = A::kUppercase, .target_label = "a", .replacement = "x"},
       "'replacement' can not be set for uppercase action"},
      {{.action = A::kKeepEqual, .target_label = "a", .replacement = "x"},
       "'replacement' can not be set for keepequal action"},
      {{.action = A::kLabelMap, .replacement = "a-b"},
       R"("a-b" is invalid 'replacement' for labelmap action)"},
      {{.action = A::kLabelMap, .replacement = ""}, R"("" is invalid 'replacement' for labelmap action)"},
      {{.action = A::kHashMod, .modulus = 1, .target_label = "\xff"},
       R"("\xff" is invalid 'target_label' for hashmod action)"},
      {{.action = A::kLabelDrop, .source_labels = {"a"}},
       "labeldrop action requires only 'regex', and no other fields"},
      {{.action = A::kLabelKeep, .target_label = "a"},
       "labelkeep action requires only 'regex', and no other fields"},
      {{.action = A::kLabelKeep, .modulus = 2},
       "labelkeep action requires only 'regex', and no other fields"},
      {{.action = A::kLabelDrop, .separator = "-"},
       "labeldrop action requires only 'regex', and no other fields"},
      {{.action = A::kLabelDrop, .replacement = "a"},
       "labeldrop action requires only 'regex', and no other fields"},
      {{.action = A::kKeepEqual, .regex = "a", .target_label = "a"},
       "keepequal action requires only 'source_labels' and 'target_label', and no other fields"},
      {{.action = A::kDropEqual, .modulus = 3, .target_label = "a"},
       "dropequal action requires only 'source_labels' and 'target_label', and no other fields"},
      {{.action = A::kDropEqual, .separator = "", .target_label = "a"},
       "dropequal action requires only 'source_labels' and 'target_label', and no other fields"},
      {{.regex = "("}, "error parsing regexp: missing closing ): `^(?s:()$`"},
  };
  for (const auto& row : rows) {
    const auto rule = Rule::compile(row.rule);
    ASSERT_FALSE(rule) << row.want;
    EXPECT_EQ(rule.error().message, row.want);
    EXPECT_EQ(rule.error().code, ErrorCode::kInvalidArgument);
  }
  for (const char* target : {"$1", "a_$1", "__x_${foo}_1", "a-b", "otel.scope.name", "日", "1a"}) {
    EXPECT_TRUE(Rule::compile({.target_label = target})) << target;
  }
}

TEST(Relabel, WithIdentifiersARuleIntoAnotherNameDoesNotApply) {
  struct Row {
    RuleConfig rule;
    std::string warning;
  };
  const std::string why =
      " is no label name, so the rule does not apply: a name has letters, digits and underscores, and begins "
      "with no digit; write ";
  using A = Action;
  const std::vector<Row> rows = {
      {{.target_label = "foo-bar", .replacement = "x"}, R"(target_label "foo-bar")" + why + R"("foo_bar")"},
      {{.target_label = "1a", .replacement = "x"}, R"(target_label "1a")" + why + R"("_1a")"},
      {{.target_label = "otel.scope.name", .replacement = "x"},
       R"(target_label "otel.scope.name")" + why + R"("otel_scope_name")"},
      {{.action = A::kHashMod, .source_labels = {"v"}, .modulus = 4, .target_label = "a-b"},
       R"(target_label "a-b")" + why + R"("a_b")"},
      {{.action = A::kLowercase, .source_labels = {"v"}, .target_label = "a-b"},
       R"(target_label "a-b")" + why + R"("a_b")"},
      {{.source_labels = {"v"}, .target_label = "x_$1"}, ""},  // what it expands to is known later
  };
  const Labels labels{{"v", "a-b"}};
  for (const auto& row : rows) {
    EXPECT_EQ(name_warning(row.rule), row.warning);
    EXPECT_EQ(process(labels, {*Rule::compile(row.rule, Names::kIdentifiers)}), labels)
        << row.rule.target_label;
    EXPECT_NE(process(labels, {*Rule::compile(row.rule)}), labels) << row.rule.target_label;
  }
  EXPECT_EQ(name_warning({.target_label = "_a1"}), "");
  EXPECT_EQ(name_warning({.action = A::kKeepEqual, .source_labels = {"v"}, .target_label = "a-b"}), "")
      << "compared with, not written";
}

TEST(Action, NamesAreExact) {
  for (const char* name : {"replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "lowercase",
                           "uppercase", "labelmap", "labeldrop", "labelkeep"}) {
    ASSERT_TRUE(parse_action(name)) << name;
    EXPECT_EQ(to_string(*parse_action(name)), name);
  }
  const std::string names =
      "replace, keep, drop, keepequal, dropequal, hashmod, lowercase, uppercase, labelmap, labeldrop and "
      "labelkeep";
  EXPECT_EQ(parse_action("Keep").error().message,
            R"(unrecognized action type "Keep"; it is one of )" + names + R"( (did you mean "keep"?))");
  EXPECT_EQ(parse_action("").error().message, R"(unrecognized action type ""; it is one of )" + names);
}

TEST(Rule, LabelMapWorksOnASnapshotInBytewiseOrder) {
  EXPECT_EQ(run({.action = Action::kLabelMap, .regex = "(.+)", .replacement = "x$1"},
                Labels{{"a", "1"}, {"xa", "2"}}),
            R"({a="1", xa="1", xxa="2"})")
      << "a label made or overwritten by the rule keeps its old value for the rule";
  EXPECT_EQ(run({.action = Action::kLabelMap, .regex = "[bac]", .replacement = "t"},
                Labels{{"c", "3"}, {"a", "1"}, {"b", "2"}}),
            R"({a="1", b="2", c="3", t="3"})")
      << "the last name in bytewise order wins";
}

TEST(Rule, ManySourceLabelsAndLargeValues) {
  std::vector<Label> labels;
  RuleConfig config = {.target_label = "t"};
  std::string want;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "l" + std::to_string(i);
    labels.push_back({name, std::to_string(i)});
    config.source_labels.push_back(name);
    want += (i ? ";" : "") + std::to_string(i);
  }
  EXPECT_EQ(process(Labels::from(labels), {*Rule::compile(config)})->get("t"), want);

  const std::string big(1 << 20, 'a');
  EXPECT_EQ(
      process(
          Labels{{"v", big}},
          {*Rule::compile(
              {.source_labels = {"v"}, .regex = "(a*)*(a|b)+", .target_label = "t", .replacement = "$2"})})
          ->get("t"),
      "a")
      << "no catastrophic backtracking";
}

TEST(Process, WithoutRulesIsTheSameObject) {
  const Labels labels = example();
  EXPECT_EQ(process(labels, {})->begin(), labels.begin());
}

TEST(Process, StopsAtADropAndChainsResults) {
  const Rules rules = {
      *Rule::compile({.target_label = "env", .replacement = "prod"}),
      *Rule::compile({.source_labels = {"env"}, .target_label = "copy"}),
      *Rule::compile({.action = Action::kDrop, .source_labels = {"team"}, .regex = "red"}),
  };
  EXPECT_EQ(process(Labels{{"team", "blue"}}, rules)->to_string(),
            R"({copy="prod", env="prod", team="blue"})");
  EXPECT_FALSE(process(Labels{{"team", "red"}}, rules));
}

}  // namespace
}  // namespace invar::relabel
