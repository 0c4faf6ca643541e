#include "json/writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace invar::json {
namespace {

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  Writer(out)
      .begin_object()
      .field("text", "a\"b")
      .field("flag", true)
      .field("number", -7)
      .field("large", std::numeric_limits<std::uint64_t>::max())
      .key("nothing")
      .null()
      .key("empty")
      .begin_array()
      .end_array()
      .key("list")
      .list(std::vector<std::string>{"x", "y"})
      .key("inner")
      .begin_object()
      .end_object()
      .key("raw")
      .raw("[1]")
      .end_object();
  EXPECT_EQ(out, R"({"text":"a\"b","flag":true,"number":-7,"large":18446744073709551615,"nothing":null,)"
                 R"("empty":[],"list":["x","y"],"inner":{},"raw":[1]})");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "x=";
  Writer(out).begin_array().value(1).value(2.5).new_line().value("z").end_array();
  EXPECT_EQ(out, "x=[1,2.5,\n\"z\"]");
}

TEST(JsonWriter, EscapesWhatItWasToldTo) {
  const std::string text = "<a>&\x7f\x01\t\xff\xe2\x80\xa8";
  const struct {
    JsonEscapes escapes;
    std::string_view want;
  } rows[] = {{JsonEscapes::kFewest, "\"<a>&\x7f\\u0001\\t\\ufffd\xe2\x80\xa8\""},
              {JsonEscapes::kHtml, "\"\\u003ca\\u003e\\u0026\x7f\\u0001\\t\\ufffd\\u2028\""},
              {JsonEscapes::kTerminal, "\"<a>&\\u007f\\u0001\\t\\ufffd\xe2\x80\xa8\""}};
  for (const auto& row : rows) {
    std::string out;
    Writer(out, row.escapes).value(text);
    EXPECT_EQ(out, row.want);
  }
}

TEST(JsonWriter, NumbersAreShortest) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(0.000001), "0.000001");
  EXPECT_EQ(number(1e-7), "1e-7");
  EXPECT_EQ(number(1.5e-10), "1.5e-10");
  EXPECT_EQ(number(1.0 / 0.0), "null");
}

}  // namespace
}  // namespace invar::json
