#include "components/discovery/file/target_file.h"

#include <gtest/gtest.h>

namespace invar::components::discovery_file {
namespace {

std::string show(const char* yaml) {
  const auto groups = parse_target_file(yaml, Format::kYaml);
  if (!groups) return "error: " + groups.error().message;
  component::Targets targets;
  for (const auto& group : *groups) append_targets(group, targets);
  std::string out;
  for (const auto& target : targets) out += target.to_string() + "\n";
  return out;
}

TEST(TargetFile, YamlTable) {
  const struct {
    const char *why, *yaml, *want;
  } rows[] = {
      {"plain", "- targets: [a:1, b]\n  labels: {env: prod}\n",
       "{\"__address__\"=\"a:1\", \"env\"=\"prod\"}\n{\"__address__\"=\"b\", \"env\"=\"prod\"}\n"},
      {"scalars keep their text", "- targets: [2.50]\n  labels: {a: true, b: 0x10, c: '~', d: ~}\n",
       "{\"__address__\"=\"2.50\", \"a\"=\"true\", \"b\"=\"0x10\", \"c\"=\"~\", \"d\"=\"\"}\n"},
      {"anchors", "- targets: [a]\n  labels: &l {x: '1'}\n- targets: [b]\n  labels: *l\n",
       "{\"__address__\"=\"a\", \"x\"=\"1\"}\n{\"__address__\"=\"b\", \"x\"=\"1\"}\n"},
      {"merge keys",
       "- targets: [a]\n  labels: &l {x: '1', y: '1'}\n- targets: [b]\n  labels: {y: '2', <<: *l}\n",
       "{\"__address__\"=\"a\", \"x\"=\"1\", \"y\"=\"1\"}\n{\"__address__\"=\"b\", \"x\"=\"1\", "
       "\"y\"=\"2\"}\n"},
      {"only the first document", "- targets: [a]\n---\n- targets: [b]\n", "{\"__address__\"=\"a\"}\n"},
      {"empty file", "", ""},
      {"only a comment", "# nothing\n", ""},
      {"missing targets", "- labels: {a: b}\n", ""},
      {"null targets", "- targets:\n", ""},
      {"null group", "- \n", "error: nil target group item found"},
      {"unknown key", "- targets: [a]\n  source: x\n", "error: line 2: unknown field \"source\""},
      {"keys are case-sensitive", "- Targets: [a]\n", "error: line 1: unknown field \"Targets\""},
      {"repeated key", "- targets: [a]\n  targets: [b]\n", "error: line 2: field \"targets\" is repeated"},
      {"repeated label", "- labels: {a: x, a: y}\n", "error: line 1: label \"a\" is repeated"},
      {"empty label name", "- labels: {'': x}\n", "error: line 1: \"\" is not a valid label name"},
      {"not a list", "targets: [a]\n", "error: line 1: target groups must be a list"},
      {"targets no list", "- targets: a\n", "error: line 1: targets must be a list"},
      {"nested target", "- targets: [[a]]\n", "error: line 1: a target must be a text"},
      {"label value no text", "- labels: {a: [b]}\n", "error: line 1: a label value must be a text"},
  };
  for (const auto& row : rows) EXPECT_EQ(show(row.yaml), row.want) << row.why;
}

TEST(TargetFile, BrokenYamlIsAnErrorWithItsLine) {
  const std::string error = show("- targets: [a\n- b: {\n");
  EXPECT_TRUE(error.starts_with("error: line ")) << error;
  EXPECT_TRUE(show(": : :\n\t- x").starts_with("error: "));
}

TEST(TargetFile, HostileYamlIsBounded) {
  EXPECT_FALSE(parse_target_file(std::string(200'000, '['), Format::kYaml));
  // Ten merges of the layer below, ten layers: 10^10 maps when followed blindly.
  std::string bomb = "- labels: &a0 {x: '1'}\n";
  for (int i = 1; i <= 10; ++i) {
    bomb += "- labels: &a" + std::to_string(i) + " {<<: [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]}\n";
  }
  EXPECT_FALSE(parse_target_file(bomb, Format::kYaml)) << "and this test ends at all";
}

TEST(TargetFile, FormatByEnding) {
  EXPECT_EQ(file_format("a.JSON"), Format::kJson);
  EXPECT_EQ(file_format("a.yml"), Format::kYaml);
  EXPECT_EQ(file_format("a.YAML"), Format::kYaml);
  EXPECT_EQ(file_format("json"), std::nullopt);
  EXPECT_TRUE(parse_target_file("[]", Format::kJson));
  EXPECT_FALSE(parse_target_file("", Format::kJson));
}

}  // namespace
}  // namespace invar::components::discovery_file
