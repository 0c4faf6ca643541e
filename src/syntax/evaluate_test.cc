#include <gtest/gtest.h>

#include "syntax/function.h"
#include "syntax/parser.h"
#include "syntax/testing/evaluation.h"

namespace invar::syntax {
namespace {

using testing::evaluate_text;
using testing::evaluate_value;

struct Row {
  std::string_view expression;
  std::string_view want;
};

// A capsule that is neither a secret nor convertible.
class Opaque : public Capsule {
 public:
  [[nodiscard]] std::string_view type_name() const override { return "test.Opaque"; }
};

Scope test_scope() {
  Scope scope;
  scope.variables["s"] = Value(CapsulePtr(std::make_shared<Secret>("hush")));
  scope.variables["os"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("hush", true)));
  scope.variables["op"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("open", false)));
  scope.variables["c"] = Value(CapsulePtr(std::make_shared<Opaque>()));
  scope.variables["targets"] = Value::object({{"list", Value(ArrayData{Value(1), Value(2), Value("x")})}});
  return scope;
}

void expect_rows(const Scope& scope, std::initializer_list<Row> rows) {
  for (const auto& row : rows) EXPECT_EQ(evaluate_text(row.expression, scope), row.want) << row.expression;
}

TEST(Evaluate, Literals) {
  expect_rows({}, {
                      {"1", "1"},
                      {"010", "8"},
                      {"08", "8"},
                      {"9223372036854775807", "9223372036854775807"},
                      {"9223372036854775808", "9223372036854775808"},
                      {"18446744073709551616", "18446744073709552000"},
                      {"1.50", "1.5"},
                      {"1e21", "1000000000000000000000"},
                      {"1.", "1"},
                      {".5", "0.5"},
                      {"1e-400", "0"},
                      {"1e400", "error: 1:1: strconv.ParseFloat: parsing \"1e400\": value out of range"},
                      {"\"a\\tb\"", "\"a\\tb\""},
                      {"`a\\tb`", "\"a\\\\tb\""},
                      {"null", "null"},
                      {"[1, \"a\", true, null]", "[1, \"a\", true, null]"},
                      {"{b = 1, a = 2, b = 3}", "{a = 2, b = 3}"},
                      {"{\"a-b\" = 1}", "{\"a-b\" = 1}"},
                      {"(((1)))", "1"},
                  });
  EXPECT_EQ(evaluate_value("9223372036854775808").number_kind(), Value::NumberKind::kUint);
  EXPECT_EQ(evaluate_value("08").number_kind(), Value::NumberKind::kFloat);
  EXPECT_EQ(evaluate_value("010").number_kind(), Value::NumberKind::kInt);
}

TEST(Evaluate, Arithmetic) {
  expect_rows({}, {
                      {"1 + 2 * 3", "7"},
                      {"7 / 2", "3"},
                      {"-7 / 2", "-3"},
                      {"7.0 / 2", "3.5"},
                      {"-7 % 3", "-1"},
                      {"7.5 % 2", "1.5"},
                      {"2 ^ 10", "1024"},
                      {"-2 ^ 2", "4"},
                      {"2 ^ 3 ^ 2", "512"},
                      {"2 ^ -1", "2"},
                      {"1 ^ -1", "1"},
                      {"5 ^ 0", "1"},
                      {"0 ^ 5", "0"},
                      {"2 ^ 0.5 > 1.41", "true"},
                      {"2 ^ 9223372036854775807", "0"},
                      {"9223372036854775807 + 1", "-9223372036854775808"},
                      {"9223372036854775808 + 0", "-9223372036854775808"},
                      {"18446744073709551615 + 9223372036854775809", "9223372036854775808"},
                      {"-9223372036854775808", "-9223372036854775808"},
                      {"(0 - 9223372036854775807 - 1) / -1", "-9223372036854775808"},
                      {"(0 - 9223372036854775807 - 1) % -1", "0"},
                      {"1 / 0", "error: 1:5: 0 divide by zero error"},
                      {"1 % 0", "error: 1:5: 0 divide by zero error"},
                      {"1.5 / 0.0", "error: 1:7: 0.0 divide by zero error"},
                      {"1 % 0.0", "error: 1:5: 0.0 divide by zero error"},
                      {"-\"a\"", "error: 1:2: \"a\" should be number, got string"},
                      {"!1", "error: 1:2: 1 should be bool, got number"},
                      {"\"a\" + \"b\" + \"c\"", "\"abc\""},
                  });
}

TEST(Evaluate, OperandTypes) {
  expect_rows(
      test_scope(),
      {
          {"\"a\" + 1", "error: 1:7: 1 should be string, got number"},
          {"1 + \"a\"", "error: 1:5: \"a\" should be number, got string"},
          {"[] + 1", "error: 1:1: [] should be one of [number string capsule] for binop +, got array"},
          {"1 + []", "error: 1:5: [] should be one of [number string capsule] for binop +, got array"},
          {"\"a\" - 1", "error: 1:1: \"a\" should be one of [number] for binop -, got string"},
          {"true < false", "error: 1:1: true should be one of [number string] for binop <, got bool"},
          {"1 && true", "error: 1:1: 1 should be one of [bool] for binop &&, got number"},
          {"1 < \"a\"", "error: 1:5: \"a\" should be number, got string"},
          {"c + \"a\"",
           "error: 1:1: c should be one of [number string secret] for binop +, got capsule(\"test.Opaque\")"},
          {"null + 1", "error: 1:1: null should be one of [number string capsule] for binop +, got null"},
          {"s + 1", "error: 1:5: 1 should be capsule, got number"},
          {"1 + s", "error: 1:5: s should be number, got capsule"},
      });
}

TEST(Evaluate, ComparisonsAndLogic) {
  expect_rows(test_scope(), {
                                {"1 == 1.0", "true"},
                                {"18446744073709551615 == -1", "false"},
                                {"\"1\" == 1", "false"},
                                {"null == null", "true"},
                                {"null == 0", "false"},
                                {"[1, 2] == [1, 2.0]", "true"},
                                {"[1] == [1, 2]", "false"},
                                {"{a = 1, b = 2} == {b = 2, a = 1}", "true"},
                                {"{a = 1} == {b = 1}", "false"},
                                {"sys.env == sys.env", "false"},
                                {"\"a\" < \"b\"", "true"},
                                {"\"Z\" < \"a\"", "true"},
                                {"2 >= 2", "true"},
                                {"1 != 2", "true"},
                                {"true && false || true", "true"},
                                {"s == \"hush\"", "true"},
                                {"\"hush\" == os", "true"},
                                {"op != \"open\"", "false"},
                                {"c == c", "true"},
                                {"encoding.from_base64(\"YQ==\") == \"a\"", "false"},
                            });
}

TEST(Evaluate, LogicDoesNotShortCircuit) {
  EXPECT_EQ(evaluate_text("true || nope"), "error: 1:9: identifier \"nope\" does not exist");
  EXPECT_EQ(evaluate_text("false && 1 / 0 == 1"), "error: 1:14: 0 divide by zero error");
}

TEST(Evaluate, SecretsStaySecretWhenJoined) {
  expect_rows(test_scope(), {
                                {"s + \"x\"", "(secret)"},
                                {"\"x\" + s", "(secret)"},
                                {"s + os", "(secret)"},
                                {"os + \"x\"", "(secret)"},
                                {"op + \"x\"", "\"openx\""},
                                {"op + op", "\"openopen\""},
                                {"convert.nonsensitive(s + \"x\")", "\"hushx\""},
                                {"convert.nonsensitive(os + op)", "\"hushopen\""},
                            });
  const auto scope = test_scope();
  EXPECT_EQ(evaluate_value("os + \"x\"", scope).as_capsule()->type_name(), "alloytypes.OptionalSecret");
  EXPECT_EQ(evaluate_value("os + s", scope).as_capsule()->type_name(), "alloytypes.Secret");
  EXPECT_EQ(evaluate_value("op + op", scope).type(), Type::kCapsule);
  EXPECT_EQ(evaluate_value("op + \"x\"", scope).type(), Type::kString);
}

TEST(Evaluate, OptionalSecretsThatAreNotSecretCompareAsStrings) {
  expect_rows(test_scope(),
              {
                  {"op < \"p\"", "true"},
                  {"\"p\" <= op", "false"},
                  {"op == \"open\"", "true"},
                  {"op * \"a\"", "error: 1:1: op should be one of [number] for binop *, got string"},
                  {"op < op", "error: 1:1: op should be one of [number string] for binop <, got capsule"},
                  {"os < \"p\"", "error: 1:1: os should be one of [number string] for binop <, got capsule"},
              });
}

TEST(Evaluate, AccessAndIndex) {
  expect_rows(
      test_scope(),
      {
          {"{a = {b = 1}}.a.b", "1"},
          {"{a = 1}.z", "error: 1:9: field \"z\" does not exist"},
          {"targets.lists", "error: 1:9: field \"lists\" does not exist (did you mean \"list\"?)"},
          {"1.5.a", "error: 1:1: 1.5 cannot access field \"a\" on value of type number"},
          {"c.a",
           "error: 1:1: c expected object or array or a capsule convertible to an object, got capsule"},
          {"c[0]",
           "error: 1:1: c expected object or array or a capsule convertible to an object, got capsule"},
          {"[1, 2][1]", "2"},
          {"[1, 2][1.9]", "2"},
          {"[1, 2][5]", "error: 1:8: 5 index 5 is out of range of array with length 2"},
          {"[1, 2][-1]", "error: 1:8: -1 index -1 is out of range of array with length 2"},
          {"[1][\"a\"]", "error: 1:5: \"a\" should be number, got string"},
          {"{a = 1}[\"a\"]", "1"},
          {"{a = 1}[\"z\"]", "null"},
          {"{a = 1}[0]", "error: 1:9: 0 should be string, got number"},
          {"\"abc\"[0]", "error: 1:1: \"abc\" expected object or array, got string"},
          {"encoding.from_base64(\"YWI=\")[1]", "98"},
          {"targets.list[2]", "\"x\""},
          {"nope", "error: 1:1: identifier \"nope\" does not exist"},
          {"arrray.concat()", "error: 1:1: identifier \"arrray\" does not exist (did you mean \"array\"?)"},
      });
}

TEST(Evaluate, Calls) {
  expect_rows(test_scope(),
              {
                  {"1()", "error: 1:1: 1 should be function, got number"},
                  {"string.join([1, 2.5], \"-\")", "\"1-2.5\""},
                  {"string.join([\"a\"])", "error: 1:1: string.join expected 2 args, got 1"},
                  {"string.format()", "error: 1:1: string.format expected at least 1 args, got 0"},
                  {"string.trim(\"a\", [])", "error: 1:18: [] should be string, got array"},
                  {"string.join([\"a\", [\"b\"]], \"\")", "error: 1:19: [\"b\"] should be string, got array"},
                  {"string.join([\"a\"] , s)", "error: 1:21: s secrets may not be converted into strings"},
                  {"string.join(targets.list, 1) == \"1121x\"", "true"},
                  {"string.nope()", "error: 1:8: field \"nope\" does not exist"},
                  {"string.join([{a = [s]}], \"\")", "error: 1:14: {a = [s]} should be string, got object"},
              });
}

TEST(Evaluate, ErrorsNameTheInnermostExpressionAndThePathInsideIt) {
  struct Numbers {
    std::vector<std::int64_t> list;
    std::map<std::string, std::vector<bool>> map;
    bool operator==(const Numbers&) const = default;
  };
  const Schema schema = SchemaBuilder<Numbers>()
                            .attribute("list", &Numbers::list, "Numbers.")
                            .attribute("map", &Numbers::map, "Bools.")
                            .build();
  const struct {
    std::string_view body, want;
  } rows[] = {
      {"list = targets.list", "1:8: targets.list[2] should be number, got string (its value is \"x\")"},
      {"list = [1, true]", "1:12: true should be number, got bool"},
      {"list = ([1, (true)])", "1:13: (true) should be number, got bool"},
      {"list = {}", "1:8: {} should be array, got object"},
      {"map = {a = [true, 1]}", "1:19: 1 should be bool, got number"},
      {"map = {a = targets.list}", "1:12: targets.list[0] should be bool, got number (its value is 1)"},
      {"map = {\"a-b\" = [1]}", "1:17: 1 should be bool, got number"},
      {"map = coalesce({\"a-b\" = [1]})",
       "1:7: coalesce({\"a-b\" = [1]})[\"a-b\"][0] should be bool, got number (its value is 1)"},
      {"map = coalesce({a = [1]})",
       "1:7: coalesce({a = [1]}).a[0] should be bool, got number (its value is 1)"},
  };
  for (const auto& row : rows) {
    Numbers numbers;
    EXPECT_EQ(testing::decode_text(row.body, schema, &numbers, test_scope()), row.want) << row.body;
  }
}

TEST(Evaluate, ScopesNestAndShadowTheStandardLibrary) {
  auto outer = std::make_shared<Scope>();
  outer->variables["a"] = Value(1);
  outer->variables["b"] = Value(2);
  Scope inner;
  inner.parent = outer;
  inner.variables["a"] = Value(10);
  inner.variables["string"] = Value("mine");
  EXPECT_EQ(evaluate_text("a + b", inner), "12");
  EXPECT_EQ(evaluate_text("string", inner), "\"mine\"");
}

// Chains are walked without recursion, up to the parser's limit.
TEST(Evaluate, LongChainsNeedNoDeepStack) {
  std::string sum = "1";
  for (int i = 0; i < 1900; ++i) sum += " + 1";
  EXPECT_EQ(evaluate_text(sum), "1901");
  std::vector<Traversal> traversals;
  const auto source = make_source("", "a" + sum.substr(1));
  Diagnostics diagnostics;
  const auto parsed = parse_expression(source, diagnostics);
  ASSERT_NE(parsed, nullptr);
  collect_traversals(*parsed, traversals);
  EXPECT_EQ(traversals.size(), 1U);
}

TEST(Evaluate, ResultsAreBounded) {
  Scope scope;
  scope.variables["big"] = Value(std::string(4 << 20, ' '));
  EXPECT_EQ(evaluate_text("string.replace(big, \" \", big)", scope),
            "error: 1:1: string.replace the result is too long");
  EXPECT_TRUE(evaluate_text("string.join(string.split(string.format(\"%099d\", 0), \"\"), big)", scope) ==
              "error: 1:1: string.join the result is too long");
  EXPECT_TRUE(evaluate_text("string.split(big, \" \")", scope) ==
              "error: 1:1: string.split the result is too long");
  scope.variables["half"] = Value(std::string(40 << 20, ' '));
  EXPECT_TRUE(evaluate_text("half + half", scope) == "error: 1:8: half makes a string that is too long");
  EXPECT_TRUE(evaluate_text("string.format(\"%s%s\", half, half)", scope) ==
              "error: 1:1: string.format the result is too long");
  EXPECT_EQ(
      evaluate_text(
          "string.format(\"%9999999d%9999999d%9999999d%9999999d%9999999d%9999999d%9999999d\", 1, 2, 3, 4, "
          "5, 6, 7)"),
      "error: 1:1: string.format the result is too long");
}

TEST(Traversals, AreTheIdentifierChainsInSourceOrder) {
  const struct {
    std::string_view expression, want;
  } rows[] = {
      {"a.b.c", "a.b.c"},
      {"a.b[\"x\"].c", "a.b"},
      {"array.concat(x.y, [z.w]).q", "array.concat x.y z.w"},
      {"a[b.c].d[e]", "a b.c e"},
      {"{k = a.b, l = -c.d}", "a.b c.d"},
      {"\"lit\".x", ""},
      {"(a.b).c + d", "a.b d"},
      {"f(g(h.i)).j(k)", "f g h.i k"},
  };
  for (const auto& row : rows) {
    const auto source = make_source("", std::string(row.expression));
    Diagnostics diagnostics;
    const auto parsed = parse_expression(source, diagnostics);
    ASSERT_NE(parsed, nullptr) << row.expression;
    std::vector<Traversal> found;
    collect_traversals(*parsed, found);
    std::string text;
    for (const auto& traversal : found) {
      EXPECT_EQ(traversal.names.size(), traversal.spans.size());
      if (!text.empty()) text += ' ';
      for (std::size_t i = 0; i < traversal.names.size(); ++i) {
        if (i > 0) text += '.';
        text += traversal.names[i];
        const auto span = traversal.spans[i];
        EXPECT_EQ(row.expression.substr(span.begin, span.end - span.begin + 1), traversal.names[i]);
      }
    }
    EXPECT_EQ(text, row.want) << row.expression;
  }
}

}  // namespace
}  // namespace invar::syntax
