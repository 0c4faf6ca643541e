#include "json/reader.h"

#include <gtest/gtest.h>

namespace invar::json {
namespace {

std::string where(const Reader& in) {
  const Place place = in.place(in.error_offset());
  return std::to_string(place.line) + ":" + std::to_string(place.column) + " " + in.error().message;
}

TEST(JsonReader, PullsWhatIsAskedForAndSkipsTheRest) {
  Reader in(
      R"({"kind":"List","meta":{"a":[1,{"b":null}]},"items":[{"name":"x","n":-1.5e3},{"more":[[]],"name":"y"}],
              "last":true})");
  std::string name, kind, text, names;
  std::string_view written;
  bool last = false;
  ASSERT_TRUE(in.enter(Kind::kObject));
  while (in.next_member(name)) {
    if (name == "kind") in.read(kind);
    if (name == "last") in.read(last);
    if (name != "items") continue;
    in.enter(Kind::kArray);
    while (in.next_element()) {
      in.enter(Kind::kObject);
      while (in.next_member(name)) {
        if (name == "name" && in.read(text)) names += text;
        if (name == "n" && in.read_number(written)) names += written;
      }
    }
  }
  EXPECT_TRUE(in.end()) << where(in);
  EXPECT_EQ(kind, "List");
  EXPECT_EQ(names, "x-1.5e3y");
  EXPECT_TRUE(last);
}

TEST(JsonReader, SaysWhatIsWrongAndWhere) {
  const struct {
    const char *text, *want;
  } rows[] = {{"", "1:1 unexpected end of JSON input"},
              {"[1,]", "1:4 invalid character ']' looking for beginning of value"},
              {"[1\n 2]", "2:2 invalid character '2' after array element"},
              {"{\"\u00e4\xc3\xa4\" 1}", "1:7 invalid character '1' after object key"},
              {"{\"a\":1,}", "1:8 invalid character '}' looking for beginning of object key string"},
              {"{\"a\":01}", "1:7 invalid character '1' after object key:value pair"},
              {"[tru]", "1:5 invalid character ']' in literal true (expecting 'e')"},
              {"[\"\\q\"]", "1:4 invalid character 'q' in string escape code"},
              {"[\"a\tb\"]", "1:4 invalid character '\\t' in string literal"},
              {"[\"abc", "1:6 unexpected end of JSON input"},
              {"[] x", "1:4 invalid character 'x' after top-level value"}};
  for (const auto& row : rows) {
    Reader in(row.text);
    EXPECT_FALSE(in.skip() && in.end()) << row.text;
    EXPECT_EQ(where(in), row.want) << row.text;
  }
}

TEST(JsonReader, TheFirstErrorStays) {
  Reader in("[1, x]");
  std::string text;
  ASSERT_TRUE(in.enter(Kind::kArray));
  ASSERT_TRUE(in.next_element());
  EXPECT_FALSE(in.read(text));
  EXPECT_EQ(where(in), "1:2 string expected, not number");
  EXPECT_EQ(in.kind(), Kind::kNothing);
  EXPECT_FALSE(in.skip());
  EXPECT_FALSE(in.next_element());
  EXPECT_FALSE(in.fail("other"));
  EXPECT_FALSE(in.end());
  EXPECT_EQ(where(in), "1:2 string expected, not number");
}

TEST(JsonReader, TextIsRepairedOrRefused) {
  const std::string broken[] = {"\"\xff\"", R"("\ud800")", R"("\udc00\u0041")"};
  for (const std::string& json : broken) {
    std::string text;
    EXPECT_TRUE(Reader(json).read(text)) << json;
    EXPECT_EQ(text.substr(0, 3), "\xef\xbf\xbd") << json;
    EXPECT_FALSE(Reader(json, {.strict_text = true}).read(text)) << json;
  }
  std::string text;
  EXPECT_TRUE(Reader(R"("\ud83d\ude00\u00e9\/")", {.strict_text = true}).read(text));
  EXPECT_EQ(text, "\xf0\x9f\x98\x80\xc3\xa9/");
}

TEST(JsonReader, NestingIsBounded) {
  Reader in(std::string_view("[[[[]]]]"), {.max_depth = 2});
  EXPECT_FALSE(in.skip());
  EXPECT_EQ(where(in), "1:4 exceeded max depth");
  const std::string deep(1'000'000, '[');
  EXPECT_FALSE(Reader(deep).skip());
}

}  // namespace
}  // namespace invar::json
