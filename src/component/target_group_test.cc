#include "component/target_group.h"

#include <gtest/gtest.h>

namespace invar::component {
namespace {

std::string show(const Result<std::vector<TargetGroup>>& groups) {
  if (!groups) return "error: " + groups.error().message;
  Targets targets;
  for (const TargetGroup& group : *groups) append_targets(group, targets);
  std::string out;
  for (const Target& target : targets) out += target.to_string() + "\n";
  return out;
}

TEST(TargetGroupJson, ReadsWhatTheDocumentationShows) {
  EXPECT_EQ(
      show(parse_target_groups_json(
          R"([{"targets": ["10.0.0.1:8080", "10.0.0.2"], "labels": {"env": "prod", "__scheme__": "https"}},
                    {"targets": [], "labels": {"env": "old"}}])")),
      "{\"__address__\"=\"10.0.0.1:8080\", \"__scheme__\"=\"https\", \"env\"=\"prod\"}\n"
      "{\"__address__\"=\"10.0.0.2\", \"__scheme__\"=\"https\", \"env\"=\"prod\"}\n");
}

TEST(TargetGroupJson, Table) {
  const struct {
    const char *why, *text, *want;
  } rows[] = {
      {"null body", "null", ""},
      {"empty list", "[]", ""},
      {"missing targets and labels", "[{}]", ""},
      {"null targets and labels", R"([{"targets": null, "labels": null}])", ""},
      {"keys in any case, the last wins", R"([{"TARGETS": ["a"], "targets": ["b"]}])",
       "{\"__address__\"=\"b\"}\n"},
      {"labels twice, the last win", R"([{"targets": ["a"], "labels": {"x": "1"}, "labels": {"y": "2"}}])",
       "{\"__address__\"=\"a\", \"y\"=\"2\"}\n"},
      {"the address overrides a label", R"([{"targets": ["a"], "labels": {"__address__": "x"}}])",
       "{\"__address__\"=\"a\"}\n"},
      {"empty address", R"([{"targets": [""], "labels": {}}])", "{\"__address__\"=\"\"}\n"},
      {"any other label name", R"([{"targets": ["a"], "labels": {"a-b": "1", "a b": ""}}])",
       "{\"__address__\"=\"a\", \"a b\"=\"\", \"a-b\"=\"1\"}\n"},
      {"equal targets stay", R"([{"targets": ["a", "a"]}])",
       "{\"__address__\"=\"a\"}\n{\"__address__\"=\"a\"}\n"},
      {"lone surrogate", R"([{"targets": ["\ud800"]}])", "{\"__address__\"=\"\xef\xbf\xbd\"}\n"},
      {"unknown field", R"([{"targets": [], "source": "x"}])",
       R"(error: group 0: json: unknown field "source")"},
      {"null group", R"([{}, null])", "error: group 1: nil target group item found"},
      {"empty label name", R"([{"labels": {"": "x"}}])", R"(error: group 0: "" is not a valid label name)"},
      {"number for a target", R"([{"targets": [1]}])",
       "error: group 0: a target must be a string, not number"},
      {"number for a label", R"([{"labels": {"a": 1}}])",
       R"(error: group 0: label "a" must be a string, not number)"},
      {"targets is no list", R"([{"targets": "a"}])",
       R"(error: group 0: "targets" must be a list, not string)"},
      {"labels is no object", R"([{"labels": []}])",
       R"(error: group 0: "labels" must be an object, not array)"},
      {"an object", R"({"targets": []})", "error: target groups must be a list, not object"},
  };
  for (const auto& row : rows) EXPECT_EQ(show(parse_target_groups_json(row.text)), row.want) << row.why;
}

TEST(TargetGroupJson, RefusesWhatIsNoJson) {
  for (const char* text :
       {"", " ", "[] x", "\xef\xbb\xbf[]", "[{\"targets\": [\"a\"}]", "[", "{", "<html>"}) {
    const auto groups = parse_target_groups_json(text);
    EXPECT_FALSE(groups) << text;
  }
  EXPECT_FALSE(parse_target_groups_json(std::string(1 << 20, '[')));
}

}  // namespace
}  // namespace invar::component
