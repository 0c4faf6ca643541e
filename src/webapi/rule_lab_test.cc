#include "webapi/rule_lab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

using component::Target;
using ::testing::HasSubstr;
using Map = Target::Map;

component::Relabeling two_targets() {
  return {{Target(Map{{"__address__", "a:1"}, {"team", "red"}}),
           Target(Map{{"__address__", "b:1"}, {"team", "blue"}})},
          {{.action = relabel::Action::kKeep, .source_labels = {"team"}, .regex = "red"}}};
}

TEST(RuleLab, SaysWhatOtherRulesWouldDo) {
  Draft draft{.component = "x",
              .rules = "rule {\n  source_labels = [\"team\"]\n  target_label = \"group\"\n}\n"};
  const std::string text = try_rules_json(two_targets(), draft);
  EXPECT_THAT(text, HasSubstr("\"targets\":2,\"before\":{\"kept\":1,\"left_out\":1},\"after\":{\"kept\":2,"
                              "\"left_out\":0},\"changed\":2"));
  EXPECT_THAT(text, HasSubstr("\"rules\":[{\"dropped\":0,\"changed\":2}],\"diagnostics\":[]"));
  EXPECT_THAT(
      text,
      HasSubstr("\"before\":null,\"after\":{\"__address__\":\"b:1\",\"group\":\"blue\",\"team\":\"blue\"}"));
}

TEST(RuleLab, TheSameRulesChangeNothing) {
  Draft draft{.rules = "rule {\n action = \"keep\"\n source_labels = [\"team\"]\n regex = \"red\"\n}"};
  EXPECT_THAT(try_rules_json(two_targets(), draft), HasSubstr("\"changed\":0"));
  draft.only_changed = false;
  EXPECT_THAT(try_rules_json(two_targets(), draft), HasSubstr("\"matched\":2"));
  draft.selector = *Selector::parse("{team=\"red\"}");
  EXPECT_THAT(try_rules_json(two_targets(), draft), HasSubstr("\"targets\":1"));
}

TEST(RuleLab, AMistakeHasItsPlaceAndNothingIsTried) {
  for (const char* rules : {"rule {\n  colour = \"red\"\n}", "rule {\n  regex = \"(\"\n}", "rule {",
                            "nonsense = 1", "rule { action = \"keep\" regex = 3 + }"}) {
    const std::string text = try_rules_json(two_targets(), {.rules = rules});
    EXPECT_THAT(text, HasSubstr("\"severity\":\"error\",\"file\":\"rules\",\"line\":")) << rules;
    EXPECT_THAT(text, HasSubstr("\"changed\":0")) << rules;
  }
}

TEST(RuleLab, DraftsCannotReadTheEnvironment) {
  for (const char* reads : {"sys.env(\"HOME\")", "env(\"HOME\")"}) {
    const ParsedRules parsed = parse_rules(std::string("rule {\n replacement = ") + reads + "\n}");
    EXPECT_TRUE(parsed.diagnostics.has_errors()) << reads;
  }
  EXPECT_FALSE(parse_rules("rule {\n replacement = string.to_upper(\"a\")\n target_label = \"x\"\n}")
                   .diagnostics.has_errors());
}

}  // namespace
}  // namespace invar::webapi
