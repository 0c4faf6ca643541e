// Through decode_body(): what a user reads about a value that an expression made.
#include "syntax/computed_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syntax/schema.h"
#include "syntax/testing/evaluation.h"

namespace invar::syntax {
namespace {

using ::testing::EndsWith;

struct Timed {
  Duration every{};
  std::map<std::string, std::int64_t> counts;
  bool operator==(const Timed&) const = default;
};

std::string mistake(std::string_view body) {
  static const Schema schema = SchemaBuilder<Timed>()
                                   .attribute("every", &Timed::every, "How often.")
                                   .attribute("counts", &Timed::counts, "Numbers.")
                                   .build();
  Timed arguments;
  return testing::decode_text(std::string(body), schema, &arguments);
}

TEST(ComputedValue, IsShownBehindTheMessage) {
  EXPECT_THAT(mistake(R"(every = string.join(["1", "0"], ""))"), EndsWith(R"(duration "10" (write "10s"))"))
      << "the message has it already";
  EXPECT_THAT(mistake(R"(every = string.join(["1", "0s\n"], ""))"),
              EndsWith(R"((its value is "10s", a text that ends in a line break))"));
  EXPECT_THAT(mistake(R"(counts = {a = string.to_upper("x")})"),
              EndsWith(R"(should be number, got string (its value is "X"))"));
  EXPECT_THAT(mistake(R"(counts = {a = string.trim_space("  ")})"), EndsWith("(its value is empty)"));
  EXPECT_THAT(mistake(R"(every = sys.env("INVAR_TEST_OF_A_VARIABLE_THAT_NOBODY_SETS"))"),
              EndsWith("(its value is empty: is the environment variable set?)"));
}

TEST(ComputedValue, OfASecretOnlyItsShape) {
  EXPECT_THAT(mistake(R"(counts = {a = convert.nonsensitive("12 ") + "\n"})"),
              EndsWith("a text that ends in a line break)"));
  EXPECT_EQ(oddity("token\n"), " that ends in a line break");
  EXPECT_EQ(oddity("to\nken"), " that holds a line break");
  EXPECT_EQ(oddity(" token"), " with blanks around it");
  EXPECT_EQ(oddity("\"token\""), " with quotes around it");
  EXPECT_EQ(oddity("token"), "");
}

struct SecretCodec : Codec<std::string> {
  static StaticType static_type() { return {StaticType::Kind::kSecret, nullptr, {}}; }
};

TEST(ComputedValue, WhatAnArgumentTakesAsASecretIsNotShownAndNoPasswordIs) {
  struct Login {
    std::string token, url;
    bool operator==(const Login&) const = default;
  };
  const auto refused = [](const Login&) { return std::optional(decode_failure("is wrong")); };
  const Schema schema = SchemaBuilder<Login>()
                            .attribute_with<SecretCodec>("token", &Login::token, "A token.")
                            .valid(refused)
                            .attribute("url", &Login::url, "A URL.")
                            .valid(refused)
                            .build();
  Login login;
  EXPECT_THAT(testing::decode_text(R"(token = string.join(["abc", "\n"], ""))", schema, &login),
              EndsWith("is wrong (a secret of 4 bytes that ends in a line break)"));
  EXPECT_THAT(testing::decode_text(R"(url = string.join(["http://u:pa", "ss@h:1"], ""))", schema, &login),
              EndsWith(R"(is wrong (its value is "http://u:xxxxx@h:1"))"));
}

TEST(ComputedValue, WhatIsWrittenIsNotRepeated) {
  EXPECT_EQ(mistake(R"(counts = {a = "x"})"), R"(1:15: "x" should be number, got string)");
  EXPECT_EQ(mistake(R"(counts = {a = ("x")})"), R"(1:15: ("x") should be number, got string)");
}

}  // namespace
}  // namespace invar::syntax
