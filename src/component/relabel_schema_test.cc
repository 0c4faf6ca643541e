#include "component/relabel_schema.h"

#include <gtest/gtest.h>

#include "syntax/testing/evaluation.h"

namespace invar::component {
namespace {

std::string decode(std::string_view body, relabel::RuleConfig& config) {
  return syntax::testing::decode_text(body, rule_schema(), &config);
}

TEST(RuleSchema, DecodesARule) {
  relabel::RuleConfig config;
  EXPECT_EQ(decode("action = \"hashmod\"\nsource_labels = [\"a\", \"b\"]\nseparator = \"/\"\nregex = "
                   "1\nmodulus = \"4\"\n"
                   "target_label = \"t\"\nreplacement = \"$1\"",
                   config),
            "");
  EXPECT_EQ(config.action, relabel::Action::kHashMod);
  EXPECT_EQ(config.source_labels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.regex, "1");
  EXPECT_EQ(config.modulus, 4U);
  EXPECT_EQ(compile_rules({config}).size(), 1U);
}

TEST(RuleSchema, BadRulesAreErrorsOfTheFile) {
  const std::string actions =
      "; it is one of replace, keep, drop, keepequal, dropequal, hashmod, lowercase, uppercase, labelmap, "
      "labeldrop and labelkeep";
  const struct {
    std::string_view body;
    std::string want;
  } rows[] = {
      {"action = \"Keep\"",
       "1:10: \"Keep\" unrecognized action type \"Keep\"" + actions + " (did you mean \"keep\"?)"},
      {"action = \"\"", "1:10: \"\" unrecognized action type \"\"" + actions},
      {"action = \"hashmod\"\ntarget_label = \"x\"",
       "-: relabel configuration for hashmod requires non-zero modulus"},
      {"action = \"lowercase\"",
       "-: relabel configuration for lowercase action requires 'target_label' value"},
      {"action = \"labeldrop\"\ntarget_label = \"x\"",
       "-: labeldrop action requires only 'regex', and no other fields"},
      {"modulus = -1", "1:11: -1 must be a whole number that is not negative"},
      {"modulus = 1.5", "1:11: 1.5 must be a whole number that is not negative"},
      {"source_labels = \"a\"", "1:17: \"a\" should be array, got string (write [\"a\"])"},
  };
  for (const auto& row : rows) {
    relabel::RuleConfig config;
    EXPECT_EQ(decode(row.body, config), row.want) << row.body;
  }
}

TEST(RuleSchema, ABadPatternIsShownAfterItself) {
  relabel::RuleConfig config;
  EXPECT_EQ(decode("regex = \"(\"\ntarget_label = \"x\"", config),
            "1:9: \"(\" error parsing regexp: missing closing ): `^(?s:()$`");
  EXPECT_EQ(syntax::testing::check_text("regex = \"(\"", rule_schema()),
            "1:9-1:11: error parsing regexp: missing closing ): `^(?s:()$`");
}

TEST(RuleSchema, DefaultsAreDocumented) {
  EXPECT_EQ(rule_schema().find("action")->default_text, "\"replace\"");
  EXPECT_EQ(rule_schema().find("regex")->default_text, "\"(.*)\"");
  EXPECT_EQ(rule_schema().find("separator")->default_text, "\";\"");
  EXPECT_EQ(rule_schema().find("replacement")->default_text, "\"$1\"");
}

}  // namespace
}  // namespace invar::component
