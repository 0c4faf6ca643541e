#include "syntax/json.h"

#include <gtest/gtest.h>

#include "syntax/function.h"

namespace invar::syntax {
namespace {

TEST(Json, ValuesHaveTheShapeOfTheApi) {
  const auto secret = Value(CapsulePtr(std::make_shared<Secret>("hush")));
  const auto open = Value(CapsulePtr(std::make_shared<OptionalSecret>("te\"xt", false)));
  const struct {
    Value value;
    std::string_view want;
  } rows[] = {
      {Value(), R"({"type":"null","value":null})"},
      {Value(1.5), R"({"type":"number","value":1.5})"},
      {Value(7), R"({"type":"number","value":7})"},
      {Value("a\n\xff"), R"({"type":"string","value":"a\n\ufffd"})"},
      {Value(true), R"({"type":"bool","value":true})"},
      {Value(ArrayData{}), R"({"type":"array","value":[]})"},
      {Value(ArrayData{Value(1)}), R"({"type":"array","value":[{"type":"number","value":1}]})"},
      {Value::object({}), R"({"type":"object","value":[]})"},
      {Value::object({{"b", Value(true)}, {"a", Value()}}),
       R"({"type":"object","value":[{"key":"a","value":{"type":"null","value":null}},)"
       R"({"key":"b","value":{"type":"bool","value":true}}]})"},
      {Value(std::make_shared<const FunctionData>()), R"({"type":"function","value":"function"})"},
      {secret, R"j({"type":"capsule","value":"(secret)"})j"},
      {open, R"({"type":"capsule","value":"\"te\\\"xt\""})"},
  };
  for (const auto& row : rows) {
    BodyValue body;
    body.attribute("x", row.value);
    EXPECT_EQ(body_to_json(body), R"([{"name":"x","type":"attr","value":)" + std::string(row.want) + "}]");
  }
}

TEST(Json, BodiesAreStatementLists) {
  BodyValue inner;
  inner.attribute("x", Value(1));
  BodyValue body;
  body.attribute("a", Value("b")).block("block", "", inner).block("block", "label", {});
  EXPECT_EQ(
      body_to_json(body),
      R"([{"name":"a","type":"attr","value":{"type":"string","value":"b"}},)"
      R"({"name":"block","type":"block","body":[{"name":"x","type":"attr","value":{"type":"number","value":1}}]},)"
      R"({"name":"block","type":"block","label":"label","body":[]}])");
  EXPECT_EQ(body_to_json({}), "[]");
}

TEST(Json, ParsesStrictly) {
  const struct {
    std::string_view text, want;
  } rows[] = {
      {" {\"b\" : [1, -2.5e1, true], \"a\": null} ", "{a = null, b = [1, -25, true]}"},
      {R"("\u00e9\ud83d\ude00\ud800x\/")", "\"é😀\xef\xbf\xbdx/\""},
      {"\"\xff\"", "\"\xef\xbf\xbd\""},
      {"{\"a\":1,\"a\":2}", "{a = 2}"},
      {"", "error: unexpected end of JSON input"},
      {"[1", "error: unexpected end of JSON input"},
      {"[1,]", "error: invalid character ']' looking for beginning of value"},
      {"[1 2]", "error: invalid character '2' after array element"},
      {"{a:1}", "error: invalid character 'a' looking for beginning of object key string"},
      {"{\"a\" 1}", "error: invalid character '1' after object key"},
      {"{\"a\":1 \"b\"}", "error: invalid character '\"' after object key:value pair"},
      {"01", "error: invalid character '1' after top-level value"},
      {"tru", "error: invalid character ' ' in literal true (expecting 'e')"},
      {"trux", "error: invalid character 'x' in literal true (expecting 'e')"},
      {"-", "error: invalid character ' ' in numeric literal"},
      {"1.x", "error: invalid character 'x' after decimal point in numeric literal"},
      {"1e400", "error: json: cannot unmarshal number 1e400 into Go value of type float64"},
      {"\"\n\"", "error: invalid character '\\n' in string literal"},
      {"\"\\q\"", "error: invalid character 'q' in string escape code"},
      {"\"\\u12x4\"", "error: invalid character 'x' in \\u hexadecimal character escape"},
      {"'", "error: invalid character '\\'' looking for beginning of value"},
      {"\xef\xbb\xbf"
       "1",
       "error: invalid character 'ï' looking for beginning of value"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_json(row.text);
    EXPECT_EQ(parsed ? parsed->to_text() : "error: " + parsed.error().message, row.want) << row.text;
  }
}

TEST(Json, OptionsKeepIntegersAndFields) {
  JsonOptions options;
  EXPECT_EQ(parse_json("1", options)->number_kind(), Value::NumberKind::kFloat);
  options.integers = true;
  EXPECT_EQ(parse_json("1", options)->number_kind(), Value::NumberKind::kInt);
  EXPECT_EQ(parse_json("18446744073709551615", options)->number_kind(), Value::NumberKind::kUint);
  EXPECT_EQ(parse_json("18446744073709551616", options)->number_kind(), Value::NumberKind::kFloat);
  options.keep_fields = true;
  const auto object = parse_json("{\"b\":1,\"a\":2,\"b\":3}", options);
  EXPECT_EQ(object->to_text(), "{b = 1, a = 2, b = 3}");
  EXPECT_EQ(object->as_object().find("b")->as_int(), 3);
}

TEST(Json, NestingIsBounded) {
  const auto parsed = parse_json(std::string(1'000'000, '['));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "exceeded max depth");
}

}  // namespace
}  // namespace invar::syntax
