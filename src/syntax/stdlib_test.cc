#include <gtest/gtest.h>

#include <cstdlib>

#include "syntax/testing/evaluation.h"

namespace invar::syntax {
namespace {

using testing::evaluate_text;
using testing::evaluate_value;

struct Call {
  std::string_view expression, want;
};

void expect_calls(std::initializer_list<Call> rows, const Scope& scope = {}) {
  for (const auto& row : rows) EXPECT_EQ(evaluate_text(row.expression, scope), row.want) << row.expression;
}

// A capsule that reads as an object, like a discovery target.
class Mapped : public Capsule {
 public:
  explicit Mapped(Value object) : object_(std::move(object)) {}
  [[nodiscard]] std::string_view type_name() const override { return "test.Mapped"; }
  [[nodiscard]] std::optional<Value> to_object() const override { return object_; }
  [[nodiscard]] std::string display() const override { return "mapped"; }

 private:
  Value object_;
};

Scope stdlib_scope() {
  Scope scope;
  scope.variables["s"] = Value(CapsulePtr(std::make_shared<Secret>("hush")));
  scope.variables["os"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("hush", true)));
  scope.variables["op"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("open", false)));
  scope.variables["nothing"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("", false)));
  scope.variables["t"] =
      Value(CapsulePtr(std::make_shared<Mapped>(Value::object({{"k", Value("v")}, {"n", Value("1")}}))));
  scope.variables["none"] = Value(CapsulePtr(std::make_shared<Mapped>(Value::object({}))));
  return scope;
}

TEST(Stdlib, Constants) {
  EXPECT_EQ(evaluate_text("constants.os"), "\"linux\"");
  EXPECT_NE(evaluate_text("constants.arch"), "\"\"");
  EXPECT_EQ(evaluate_value("constants.version").as_string().front(), 'v');
  EXPECT_NE(evaluate_text("constants.hostname"), "\"\"");
}

TEST(Stdlib, Environment) {
  setenv("INVAR_STDLIB_TEST", "value", 1);
  EXPECT_EQ(evaluate_text("sys.env(\"INVAR_STDLIB_TEST\")"), "\"value\"");
  EXPECT_EQ(evaluate_text("env(\"INVAR_STDLIB_TEST\")"), "\"value\"");
  unsetenv("INVAR_STDLIB_TEST");
  EXPECT_EQ(evaluate_text("sys.env(\"INVAR_STDLIB_TEST\")"), "\"\"");
}

TEST(Stdlib, Coalesce) {
  expect_calls(
      {
          {"coalesce()", "null"},
          {"coalesce(null, \"\", 0, false, [], {}, nothing, none, \"x\", \"y\")", "\"x\""},
          {"coalesce(null, \"\")", "\"\""},
          {"coalesce(0.0, 1)", "1"},
          {"coalesce(s, \"x\")", "(secret)"},
          {"coalesce(t, \"x\")", "mapped"},
          {"coalesce([null])", "[null]"},
      },
      stdlib_scope());
}

TEST(Stdlib, Nonsensitive) {
  expect_calls(
      {
          {"convert.nonsensitive(s)", "\"hush\""},
          {"convert.nonsensitive(os)", "\"hush\""},
          {"convert.nonsensitive(\"a\")", "\"a\""},
          {"nonsensitive(s)", "\"hush\""},
          {"convert.nonsensitive(1)", "error: 1:22: 1 should be capsule, got number"},
          {"convert.nonsensitive(t)",
           "error: 1:22: t expected capsule(\"alloytypes.Secret\"), got capsule(\"test.Mapped\")"},
      },
      stdlib_scope());
}

TEST(Stdlib, ArrayConcat) {
  expect_calls(
      {
          {"array.concat()", "[]"},
          {"array.concat([1], [], [2, [3]])", "[1, 2, [3]]"},
          {"array.concat([1], 2)", "error: 1:19: 2 should be array, got number"},
          {"array.concat(null)", "error: 1:14: null should be array, got null"},
          {"concat([t], [1])", "[mapped, 1]"},
      },
      stdlib_scope());
}

TEST(Stdlib, CombineMaps) {
  expect_calls(
      {
          {"array.combine_maps([{a = 1, b = 2}], [{a = 1, b = 3, c = 4}], [\"a\"])",
           "[{a = 1, b = 3, c = 4}]"},
          {"array.combine_maps([{a = 1}], [{a = 1.0}], [\"a\"])", "[]"},
          {"array.combine_maps([{a = 1}], [{a = \"1\"}], [\"a\"])", "[]"},
          {"array.combine_maps([{a = 1}], [{b = 1}], [\"a\"])", "[]"},
          {"array.combine_maps([{a = 1, b = 1}], [{a = 1, b = 2}], [\"a\", \"b\"])", "[]"},
          {"array.combine_maps([{a = 1}, {a = 2}], [{a = 1, x = 1}, {a = 1, x = 2}], [\"a\"], true)",
           "[{a = 1, x = 1}, {a = 1, x = 2}, {a = 2}, {a = 2}]"},
          {"array.combine_maps([{a = 1}], [], [\"a\"], true)", "[]"},
          {"array.combine_maps([t], [{k = \"v\", z = 1}], [\"k\"])", "[{k = \"v\", n = \"1\", z = 1}]"},
          {"array.combine_maps([{a = [1]}], [{a = [1]}], [\"a\"])", "[{a = [1]}]"},
          {"array.combine_maps([], [], [])",
           "error: 1:28: [] combine_maps: merge conditions must not be empty"},
          {"array.combine_maps([], [])",
           "error: 1:1: array.combine_maps combine_maps: expected 3 or 4 arguments, got 2"},
          {"array.combine_maps([1], [], [\"a\"])", "error: 1:21: 1 should be object, got number"},
          {"array.combine_maps([], [], [1])", "error: 1:29: 1 should be string, got number"},
          {"array.combine_maps([], [], [\"a\"], 1)", "error: 1:35: 1 should be bool, got number"},
      },
      stdlib_scope());
}

TEST(Stdlib, GroupBy) {
  expect_calls(
      {
          {"array.group_by([{k = \"a\", n = 1}, {k = \"b\"}, {k = \"a\", n = 2}, {}], \"k\", true)",
           "[{items = [{k = \"a\", n = 1}, {k = \"a\", n = 2}], k = \"a\"}, {items = [{k = \"b\"}], k = "
           "\"b\"}]"},
          {"array.group_by([{x = 1}], \"k\", false)", "[{items = [{x = 1}], k = \"\"}]"},
          {"array.group_by([t], \"k\", true)", "[{items = [mapped], k = \"v\"}]"},
          {"array.group_by([{k = 1}], \"k\", true)", "error: 1:22: 1 should be string, got number"},
          {"array.group_by([], \"k\")", "error: 1:1: array.group_by group_by: expected 3 arguments, got 2"},
      },
      stdlib_scope());
}

TEST(Stdlib, Encodings) {
  expect_calls(
      {
          {"string.trim(encoding.from_base64(\"aGVsbG8=\"), \"\")", "\"hello\""},
          {"encoding.from_base64(\"aGVsbG8\")",
           "error: 1:1: encoding.from_base64 illegal base64 data at input byte 4"},
          {"encoding.from_base64(\"a_\")",
           "error: 1:1: encoding.from_base64 illegal base64 data at input byte 1"},
          {"encoding.to_base64(\"hello\")", "\"aGVsbG8=\""},
          {"encoding.to_base64(\"\\xfb\\xff\")", "\"+/8=\""},
          {"encoding.to_URLbase64(\"\\xfb\\xff\")", "\"-_8=\""},
          {"string.trim(encoding.from_URLbase64(\"-_8=\"), \"\")", "\"\\xfb\\xff\""},
          {"encoding.url_encode(\"a b&c/é~\")", "\"a+b%26c%2F%C3%A9~\""},
          {"encoding.url_decode(\"a+b%26%c3%a9\")", "\"a b&é\""},
          {"encoding.url_decode(\"%zz\")", "error: 1:1: encoding.url_decode invalid URL escape \"%zz\""},
          {"encoding.from_json(\"{\\\"a\\\": [1, null], \\\"a\\\": 2}\")", "{a = 2}"},
          {"encoding.from_json(\"\")", "error: 1:1: encoding.from_json unexpected end of JSON input"},
          {"encoding.from_json(\"1 1\")",
           "error: 1:1: encoding.from_json invalid character '1' after top-level value"},
          {"encoding.to_json({b = 1, a = [true, null, \"<&>\\u2028\", 1e21, 1e-7, 1.5]})",
           R"("{\"a\":[true,null,\"\\u003c\\u0026\\u003e\\u2028\",1e+21,1e-7,1.5],\"b\":1}")"},
          {"encoding.to_json({a = \"\\xff\"})", R"("{\"a\":\"\\ufffd\"}")"},
          {"encoding.to_json([1])", "error: 1:1: encoding.to_json jsonEncode only supports map"},
          {"encoding.to_json({a = sys.env})",
           "error: 1:1: encoding.to_json json: unsupported type: function"},
          {"encoding.to_json(t)", "error: 1:1: encoding.to_json jsonEncode only supports map"},
          {"encoding.to_json({a = t, b = op})", R"("{\"a\":{\"k\":\"v\",\"n\":\"1\"},\"b\":\"open\"}")"},
      },
      stdlib_scope());
  EXPECT_EQ(evaluate_value("encoding.from_json(\"1\")").number_kind(), Value::NumberKind::kFloat);
}

TEST(Stdlib, SecretsDoNotLeak) {
  expect_calls(
      {
          {"encoding.to_json({a = s})",
           "error: 1:1: encoding.to_json secrets may not be converted into strings"},
          {"encoding.to_json({a = [os]})",
           "error: 1:1: encoding.to_json secrets may not be converted into strings"},
          {"string.format(\"%v %s %q %d %x %#v %T\", s, s, s, s, s, s, s)",
           "\"(secret) (secret) %!q(alloytypes.Secret=(secret)) %!d(alloytypes.Secret=(secret)) "
           "%!x(alloytypes.Secret=(secret)) (secret) alloytypes.Secret\""},
          {"string.format(\"%v\", [os, {k = s}])", "\"[(secret) map[k:(secret)]]\""},
          {"string.format(\"x\", s)", "\"x%!(EXTRA alloytypes.Secret=(secret))\""},
          {"string.format(\"%v %q\", op, op)", "\"open \\\"open\\\"\""},
          {"string.join([s], \"\")", "error: 1:14: s secrets may not be converted into strings"},
          {"encoding.to_base64(os)", "error: 1:20: os secrets may not be converted into strings"},
      },
      stdlib_scope());
}

TEST(Stdlib, Strings) {
  expect_calls({
      {"string.join([], \",\")", "\"\""},
      {"string.join([\"a\", 1, true], \",\")", "error: 1:22: true should be string, got bool"},
      {"string.split(\"\", \",\")", "[\"\"]"},
      {"string.split(\"\", \"\")", "[]"},
      {"string.split(\"aéb\", \"\")", "[\"a\", \"é\", \"b\"]"},
      {"string.split(\"a,b,\", \",\")", "[\"a\", \"b\", \"\"]"},
      {"string.replace(\"aaa\", \"a\", \"bb\")", "\"bbbbbb\""},
      {"string.replace(\"aé\", \"\", \"-\")", "\"-a-é-\""},
      {"string.replace(\"\", \"\", \"-\")", "\"-\""},
      {"string.to_lower(\"ÀB\")", "\"àb\""},
      {"string.to_upper(\"àß\")", "\"Àß\""},
      {"string.trim(\"xxaxx\", \"x\")", "\"a\""},
      {"string.trim(\"éaé\", \"é\")", "\"a\""},
      {"string.trim(\"abc\", \"\")", "\"abc\""},
      {"string.trim_prefix(\"aab\", \"a\")", "\"ab\""},
      {"string.trim_suffix(\"abb\", \"b\")", "\"ab\""},
      {"string.trim_suffix(\"b\", \"abb\")", "\"b\""},
      {"string.trim_space(\"\\u00a0 a \\n\")", "\"a\""},
      {"file.path_join()", "\"\""},
      {"file.path_join(\"a\", \"\", \"b/../c\")", "\"a/c\""},
      {"file.path_join(\"a/../../b\")", "\"../b\""},
      {"file.path_join(\"/\", \"..\", \"x\")", "\"/x\""},
      {"file.path_join(\"\", \"\")", "\"\""},
      {"file.path_join(\"a\", \"..\")", "\".\""},
  });
}

// Every line agrees with fmt.Sprintf.
TEST(Stdlib, Format) {
  expect_calls({
      {"string.format(\"%d %s %v\", 1, \"a\", true)", "\"1 a true\""},
      {"string.format(\"%d\", 1.5)", "\"%!d(float64=1.5)\""},
      {"string.format(\"%d\")", "\"%!d(MISSING)\""},
      {"string.format(\"%s\", 1)", "\"%!s(int=1)\""},
      {"string.format(\"x\", 1)", "\"x%!(EXTRA int=1)\""},
      {"string.format(\"%z\", 1)", "\"%!z(int=1)\""},
      {"string.format(\"%\")", "\"%!(NOVERB)\""},
      {"string.format(\"%[3]d\", 1)", "\"%!d(BADINDEX)\""},
      {"string.format(\"%[2]d %[1]d\", 1, 2)", "\"2 1\""},
      {"string.format(\"%*d|%-4d|%04d\", 4, 1, 2, 3)", "\"   1|2   |0003\""},
      {"string.format(\"%*d\", \"x\", 1)", "\"%!(BADWIDTH)1\""},
      {"string.format(\"%*d\", 18446744073709551615, 1)", "\"%!(BADWIDTH)1\""},
      {"string.format(\"%.*f\", -1, 1.5)", "\"%!(BADPREC)1.500000\""},
      {"string.format(\"%v %v %v\", 1000000.0, 123456789.0, 100000.5)", "\"1e+06 1.23456789e+08 100000.5\""},
      {"string.format(\"%g %e %f %.2f %x\", 0.00001, 1.5, 1.5, 2.345, 1.5)",
       "\"1e-05 1.500000e+00 1.500000 2.35 0x1.8p+00\""},
      {"string.format(\"%b %o %x %X %c %U %q\", 5, 8, 255, 255, 65, 128512, 120)",
       "\"101 10 ff FF A U+1F600 'x'\""},
      {"string.format(\"%+d %#x %#o % d\", 5, 255, 8, 5)", "\"+5 0xff 010  5\""},
      {"string.format(\"%q %x %5s|%.2s\", \"a\\\"b\", \"hi\", \"é\", \"éab\")",
       "\"\\\"a\\\\\\\"b\\\" 6869     é|éa\""},
      {"string.format(\"%v %v %v\", [1, \"a\", null], {b = 1, a = [2]}, null)",
       "\"[1 a <nil>] map[a:[2] b:1] <nil>\""},
      {"string.format(\"%T %T %T %T\", 1, 1.5, [], {})",
       "\"int float64 []interface {} map[string]interface {}\""},
      {"string.format(\"%#v\", [1, \"a\"])", "\"[]interface {}{1, \\\"a\\\"}\""},
      {"string.format(\"%v %v\", 18446744073709551615, 9223372036854775807)",
       "\"18446744073709551615 9223372036854775807\""},
      {"string.format(\"%T %T\", 18446744073709551615, 9223372036854775807)", "\"uint64 int\""},
      {"string.format(\"%t %5t\", true, false)", "\"true false\""},
      {"string.format(\"%%|%v\", encoding.from_base64(\"YWI=\"))", "\"%|ab\""},
      {"string.format(1)", "\"1\""},
      {"format(\"%s\", \"a\")", "\"a\""},
  });
}

TEST(Stdlib, Yaml) {
  expect_calls({
      {"encoding.from_yaml(\"a: 1\\nb: 1.5\\nc: ~\\nd: yes\\ne: true\\nf: '1'\")",
       "{a = 1, b = 1.5, c = null, d = \"yes\", e = true, f = \"1\"}"},
      {"encoding.from_yaml(\"\")", "null"},
      {"encoding.from_yaml(\"[0x1f, 0o17, 017, 0b11, 1_000, -3]\")", "[31, 15, 15, 3, 1000, -3]"},
      {"encoding.from_yaml(\"[2001-01-02, 2001-1-2T3:04:05.50+02:00, 2001-13-01]\")",
       "[\"2001-01-02T00:00:00Z\", \"2001-01-02T03:04:05.5+02:00\", \"2001-13-01\"]"},
      {"encoding.from_yaml(\"a: &x {k: 1, l: 2}\\nb: {<<: *x, k: 3}\").b", "{k = 3, l = 2}"},
      {"encoding.from_yaml(\"{<<: [{x: 1}, {x: 2, y: 2}]}\")", "{x = 1, y = 2}"},
      {"encoding.from_yaml(\"1: a\")", "capsule(\"map[interface {}]interface {}\")"},
      {"encoding.from_yaml(\"--- 1\\n--- 2\")", "1"},
      {"encoding.from_yaml(\"[!!binary YWI=]\")", "[\"ab\"]"},
      {"encoding.from_yaml(\"!!binary YW\")",
       "error: 1:1: encoding.from_yaml yaml: !!binary value contains invalid base64 data"},
      {"encoding.from_yaml(\"# c\\n%YAML 1.2\\n---\\n1\")", "1"},
      {"encoding.from_yaml(\"%zz\")", "error: 1:1: encoding.from_yaml yaml: found unknown directive name"},
      {"encoding.from_yaml(\"%YAML 1.2\\na: 1\")",
       "error: 1:1: encoding.from_yaml yaml: did not find expected <document start>"},
      {"encoding.from_yaml(\"a: 1\\na: 2\")",
       "error: 1:1: encoding.from_yaml yaml: unmarshal errors:\n"
       "  line 2: mapping key \"a\" already defined at line 1"},
      {"encoding.from_yaml(\"!!str 1\")", "\"1\""},
      {"encoding.from_yaml(\"[.inf, -.inf]\")", "[+Inf, -Inf]"},
      {"encoding.from_yaml(\"a: &x [*x]\")",
       "error: 1:1: encoding.from_yaml yaml: anchor value contains itself"},
  });
  EXPECT_EQ(evaluate_value("encoding.from_yaml(\"1\")").number_kind(), Value::NumberKind::kInt);
}

TEST(Stdlib, HostileYamlIsRefusedQuickly) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 8; ++j) bomb += ", " + before;
    bomb += "]\\n";
  }
  EXPECT_EQ(evaluate_text("encoding.from_yaml(\"" + bomb + "\")"),
            "error: 1:1: encoding.from_yaml yaml: document contains excessive aliasing");
  EXPECT_TRUE(
      evaluate_text("encoding.from_yaml(\"" + std::string(100'000, '[') + "\")").starts_with("error"));
  EXPECT_TRUE(evaluate_text("encoding.from_json(\"" + std::string(100'000, '[') + "\")")
                  .ends_with("encoding.from_json exceeded max depth"));
}

TEST(Stdlib, JsonPath) {
  Scope scope;
  scope.variables["d"] = Value(
      R"({"a":[1,2,{"b":3,"c":"x"},[4,5]],"d":{"e":null,"f":true,"g":1.5},"b":9,"s":"abc","em":[],"eo":{},"h-i":"z"})");
  const struct {
    std::string_view path, want;
  } rows[] = {
      {"$.a[1]", "[2]"},
      {"a[1]", "[2]"},
      {".a[1]", "[2]"},
      {"@.a[1]", "[2]"},
      {"['a'][0]", "[1]"},
      {"$.a[-1]", "[[4, 5]]"},
      {"$.a[9]", "[]"},
      {"$.a[*].b", "[3]"},
      {"$.d.*", "[null, true, 1.5]"},
      {"$..b", "[3, 9]"},
      {"..b", "[3, 9]"},
      {"$.a..[0]", "[4, 1]"},
      {"$['h-i']", "[\"z\"]"},
      {"$[\"h-i\"]", "[\"z\"]"},
      {"$.a[0:2]", "[1, 2]"},
      {"$.a[::2]", "[1, {b = 3, c = \"x\"}]"},
      {"$.a[::-1][0]", "[4]"},
      {"$.a[-2:-1].c", "[\"x\"]"},
      {"$.a[1:2:0]", "[]"},
      {"$.a[0,1,'a']", "[1, 2]"},
      {"$['b',\"s\",'zz']", "[9, \"abc\"]"},
      {"$.a[?(@.b == 3)].c", "[\"x\"]"},
      {"$.a[?@.b == 3].c", "[\"x\"]"},
      {"$.a[?(@.b)].c", "[\"x\"]"},
      {"$.a[?(!@.b)]", "[1, 2, [4, 5]]"},
      {"$.a[?(@ >= 1 && @ < 2)]", "[1]"},
      {"$.a[?(@ == 1 || @.b == 3 && @.c == 'n')]", "[1]"},
      {"$.a[?(@.c =~ /^x$/)].b", "[3]"},
      {"$.a[?(@.c =~ 'X')].b", "[]"},
      {"$.a[?(@ in [1, 'q'])]", "[1]"},
      {"$.d[?(@ == null)]", "[null]"},
      {"$.a[?(@.zz == null)]", "[]"},
      {"$.a[?(@.zz != null)][0]", "[4]"},
      {"$[?(@ empty true)]", "[[], {}]"},
      {"$.a[?(@.b has true)].b", "[3]"},
      {"$.a[?(@.b exists false)]", "[1, 2, [4, 5]]"},
      {"$.a[?(@ * 2 + 1 == 5)]", "[2]"},
      {"$.a[?(@ / 0 == 1)]", "[]"},
      {"$[?(@ == $.b)]", "[9]"},
      {"$.a[?(@ == -1)]", "[]"},
      {"$.a[?(@ > -1.5)]", "[1, 2]"},
      {"$['\\u0062']", "[9]"},
      {"", "[]"},
      {"$.", "error: 1:1: json_path not terminated at 3 in $."},
      {"$a", "error: 1:1: json_path parse error at 2 in $a"},
      {"$ ", "error: 1:1: json_path parse error at 2 in $ "},
      {"$.a.[1]", "error: 1:1: json_path an expression fragment can not start with a '[' at 5 in $.a.[1]"},
      {"$.a[?(@.c =~ /(/)]",
       "error: 1:1: json_path error parsing regexp: missing ): ( at 17 in $.a[?(@.c =~ /(/)]"},
  };
  for (const auto& row : rows) {
    scope.variables["p"] = Value(row.path);
    EXPECT_EQ(evaluate_text("json_path(d, p)", scope), row.want) << row.path;
  }
  EXPECT_EQ(evaluate_text("json_path(\"{\\\"a\\\":[1,2]}\", \".a[1]\")[0]"), "2");
  EXPECT_EQ(evaluate_value("json_path(\"[1]\", \"[0]\")[0]").number_kind(), Value::NumberKind::kInt);
  EXPECT_EQ(evaluate_text("json_path(\"\", \"$\")"), "[]");
  EXPECT_EQ(evaluate_text("json_path(\"{\", \"$\")"), "error: 1:1: json_path incomplete JSON at 1:2");
  EXPECT_EQ(evaluate_text("json_path(\"{\", \"\")"), "error: 1:1: json_path incomplete JSON at 1:2");
  EXPECT_EQ(evaluate_text("json_path(\"{\", \"$a\")"), "error: 1:1: json_path parse error at 2 in $a");
}

TEST(Stdlib, JsonPathIsBounded) {
  Scope scope;
  scope.variables["d"] = Value("[" + std::string(400, '[') + std::string(400, ']') + "]");
  scope.variables["p"] = Value("$..[?($..[?($..[?($..x)])])]");
  EXPECT_EQ(evaluate_text("json_path(d, p)", scope), "error: 1:1: json_path the path selects too much");
  scope.variables["p"] = Value("$[?" + std::string(10'000, '(') + "1" + std::string(10'000, ')') + "]");
  EXPECT_NE(evaluate_text("json_path(d, p)", scope).find("filter is nested too deeply"), std::string::npos);
}

TEST(Stdlib, StabilityAndDeprecation) {
  EXPECT_EQ(stdlib_replacement("concat"), "array.concat");
  EXPECT_EQ(stdlib_replacement("json_decode"), "encoding.from_json");
  EXPECT_EQ(stdlib_replacement("array"), "");
  EXPECT_EQ(stdlib_stability("array.group_by"), Stability::kExperimental);
  EXPECT_EQ(stdlib_stability("array.concat"), std::nullopt);
  EXPECT_EQ(parse_stability("public-preview"), Stability::kPublicPreview);
  EXPECT_EQ(parse_stability("beta"), std::nullopt);
  for (const char* name :
       {"env", "nonsensitive", "concat", "json_decode", "yaml_decode", "base64_decode", "format", "join",
        "replace", "split", "to_lower", "to_upper", "trim", "trim_prefix", "trim_suffix", "trim_space"}) {
    EXPECT_NE(stdlib_replacement(name), "") << name;
    ASSERT_NE(stdlib_find(name), nullptr) << name;
    EXPECT_EQ(stdlib_find(name)->type(), Type::kFunction) << name;
  }
}

}  // namespace
}  // namespace invar::syntax
