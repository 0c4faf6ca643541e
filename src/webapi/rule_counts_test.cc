#include "webapi/rule_counts.h"

#include <gmock/gmock.h>

#include "component/relabel_schema.h"

namespace invar::webapi {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<relabel::RuleConfig>& rules() {
  static const std::vector<relabel::RuleConfig> rules = {
      {.action = relabel::Action::kKeep, .source_labels = {"team"}, .regex = "red"},
      {.source_labels = {"team"}, .target_label = "group"},
  };
  return rules;
}

RulesAtWork at_work(std::string component, bool of_targets = true) {
  RulesAtWork out{std::move(component), of_targets, component::compile_rules(rules()),
                  std::vector<RuleCount>(rules().size())};
  for (const char* team : {"red", "blue", "red"}) (void)process({{"team", team}}, out.rules, out.counts);
  return out;
}

TEST(RuleCounts, ARuleCountsWhatComesToItWhatItDropsAndWhatItChanges) {
  const auto counts = at_work("c").counts;
  EXPECT_EQ(counts[0].seen, 3u);
  EXPECT_EQ(counts[0].dropped, 1u);
  EXPECT_EQ(counts[0].changed, 0u);
  EXPECT_EQ(counts[1].seen, 2u);
  EXPECT_EQ(counts[1].dropped, 0u);
  EXPECT_EQ(counts[1].changed, 2u);
}

TEST(RuleCounts, StandAtTheLinesOfTheRulesAndAreAddedUp) {
  const std::vector<LoadedConfig::File> files = {
      {"a.alloy",
       "declare \"d\" {\n"
       "  discovery.relabel \"r\" {\n"
       "    rule { }\n"
       "    rule { }\n"
       "  }\n"
       "}\n"
       "d \"one\" { }\n"
       "d \"two\" { }\n"},
      {"b.alloy", "pyroscope.relabel \"p\" {\n  rule { }\n  rule { }\n}\n"}};
  const RulePlaces places(files);
  const std::vector<RulesAtWork> all = {
      at_work("d.one/discovery.relabel.r"), at_work("d.two/discovery.relabel.r"),
      at_work("pyroscope.relabel.p", false), at_work("discovery.relabel.imported")};
  EXPECT_EQ(rule_lines_json(all, places, "a.alloy"),
            "{\"total\":2,\"rules\":["
            "{\"line\":3,\"action\":\"keep\",\"component\":\"d.one/discovery.relabel.r\",\"components\":2,"
            "\"of\":\"targets\",\"seen\":6,\"dropped\":2,\"changed\":0},"
            "{\"line\":4,\"action\":\"replace\",\"component\":\"d.one/discovery.relabel.r\",\"components\":2,"
            "\"of\":\"targets\",\"seen\":4,\"dropped\":0,\"changed\":4}]}");
  EXPECT_THAT(
      rule_lines_json(all, places, "b.alloy"),
      HasSubstr("\"line\":2,\"action\":\"keep\",\"component\":\"pyroscope.relabel.p\",\"components\":1,"
                "\"of\":\"series\",\"seen\":3"));
  EXPECT_EQ(rule_lines_json(all, places, "c.alloy"), "{\"total\":0,\"rules\":[]}");
}

TEST(RuleCounts, RulesThatAreOthersThanTheFilesSayHaveNoLine) {
  const std::vector<LoadedConfig::File> files = {{"a.alloy", "discovery.relabel \"r\" {\n  rule { }\n}\n"}};
  const RulePlaces places(files);
  EXPECT_THAT(rule_lines_json({at_work("discovery.relabel.r")}, places, "a.alloy"), Not(HasSubstr("line")));
}

}  // namespace
}  // namespace invar::webapi
