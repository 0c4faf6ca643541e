#include "syntax/decode.h"

#include <gtest/gtest.h>

#include "syntax/testing/evaluation.h"

namespace invar::syntax {
namespace {

enum class Colour { kNone, kRed };
Result<Colour> parse_colour(std::string_view text) {
  if (text == "red") return Colour::kRed;
  return fail(ErrorCode::kInvalidArgument, "unrecognized colour \"" + std::string(text) + "\"");
}
std::string_view colour_name(Colour colour) {
  return colour == Colour::kRed ? "red" : "";
}

}  // namespace

template <>
struct Codec<Colour> : TextCodec<Colour, parse_colour, colour_name> {};

namespace {

Scope texts_of_all_kinds() {
  Scope scope;
  scope.variables["secret"] = Value(CapsulePtr(std::make_shared<Secret>("hush")));
  scope.variables["hidden"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("12", true)));
  scope.variables["open"] = Value(CapsulePtr(std::make_shared<OptionalSecret>("12", false)));
  scope.variables["bytes"] = testing::evaluate_value("encoding.from_base64(\"MTI=\")");
  return scope;
}

// The decoded value, encoded again; or the error's message.
template <class T>
std::string through(std::string_view expression) {
  const auto decoded = Codec<T>::decode(testing::evaluate_value(expression, texts_of_all_kinds()));
  return decoded ? Codec<T>::encode(*decoded).to_text() : "error: " + decoded.error().message;
}

TEST(Decode, Strings) {
  EXPECT_EQ(through<std::string>("\"a\""), "\"a\"");
  EXPECT_EQ(through<std::string>("1.50"), "\"1.5\"");
  EXPECT_EQ(through<std::string>("null"), "\"\"");
  EXPECT_EQ(through<std::string>("open"), "\"12\"");
  EXPECT_EQ(through<std::string>("bytes"), "\"12\"");
  EXPECT_EQ(through<std::string>("secret"), "error: secrets may not be converted into strings");
  EXPECT_EQ(through<std::string>("hidden"), "error: secrets may not be converted into strings");
  EXPECT_EQ(through<std::string>("true"), "error: should be string, got bool");
  EXPECT_EQ(through<std::string>("[]"), "error: should be string, got array");
  EXPECT_EQ(through<std::string>("{}"), "error: should be string, got object");
}

TEST(Decode, IntegersWrapAndReadTexts) {
  EXPECT_EQ(through<std::int8_t>("300"), "44");
  EXPECT_EQ(through<std::uint64_t>("-1"), "18446744073709551615");
  EXPECT_EQ(through<std::int32_t>("1.9"), "1");
  EXPECT_EQ(through<std::int32_t>("-1.9"), "-1");
  EXPECT_EQ(through<std::int64_t>("1e300"), "-9223372036854775808");
  EXPECT_EQ(through<std::int32_t>("\"12\""), "12");
  EXPECT_EQ(through<std::int32_t>("\"-12\""), "-12");
  EXPECT_EQ(through<std::int32_t>("\"1.5\""), "1");
  EXPECT_EQ(through<std::int32_t>("open"), "12");
  EXPECT_EQ(through<std::int32_t>("null"), "0");
  for (const char* text :
       {"\"\"", "\"-1.5\"", "\"+1\"", "\" 1\"", "\"0x1\"", "\"nan\"", "\"1s\"", "\"+1.5\""})
    EXPECT_EQ(through<std::int32_t>(text), "error: should be number, got string") << text;
  EXPECT_EQ(through<std::int32_t>("true"), "error: should be number, got bool");
  EXPECT_EQ(through<std::int32_t>("secret"), "error: should be number, got capsule");
  EXPECT_EQ(through<double>("hidden"), "error: should be number, got capsule");
  EXPECT_EQ(through<double>("encoding.from_base64(\"YQ==\")"), "error: should be number, got array");
}

TEST(Decode, FloatsAndBools) {
  EXPECT_EQ(through<double>("\"1.5e1\""), "15");
  EXPECT_EQ(through<double>("2"), "2");
  EXPECT_EQ(through<double>("null"), "0");
  EXPECT_EQ(through<bool>("true"), "true");
  EXPECT_EQ(through<bool>("null"), "false");
  EXPECT_EQ(through<bool>("\"true\""), "error: should be bool, got string");
  EXPECT_EQ(through<bool>("1"), "error: should be bool, got number");
}

TEST(Decode, DurationsAndTextTypes) {
  EXPECT_EQ(through<Duration>("\"90s\""), "\"1m30s\"");
  EXPECT_EQ(through<Duration>("0"), "\"0s\"");
  EXPECT_EQ(through<Duration>("null"), "\"0s\"");
  EXPECT_EQ(through<Duration>("\"2562047h\""), "\"876000h0m0s\"") << "for ever, and never too long to add to";
  EXPECT_EQ(through<Duration>("\"-2562047h\""), "\"-876000h0m0s\"");
  EXPECT_EQ(through<Duration>("5"), "error: time: missing unit in duration \"5\"");
  EXPECT_EQ(through<Duration>("\"x\""), "error: time: invalid duration \"x\"");
  EXPECT_EQ(through<Duration>("\"1d\""), "error: time: unknown unit \"d\" in duration \"1d\"");
  EXPECT_EQ(through<Duration>("true"), "error: should be string, got bool");
  EXPECT_EQ(through<Colour>("\"red\""), "\"red\"");
  EXPECT_EQ(through<Colour>("null"), "\"\"");
  EXPECT_EQ(through<Colour>("\"blue\""), "error: unrecognized colour \"blue\"");
  EXPECT_EQ(through<Colour>("1"), "error: unrecognized colour \"1\"");
}

TEST(Decode, Secrets) {
  EXPECT_EQ(through<OptionalSecretText>("\"a\""), "\"a\"");
  EXPECT_EQ(through<OptionalSecretText>("secret"), "(secret)");
  EXPECT_EQ(through<OptionalSecretText>("hidden"), "(secret)");
  EXPECT_EQ(through<OptionalSecretText>("open"), "\"12\"");
  EXPECT_EQ(through<OptionalSecretText>("bytes"), "\"12\"");
  EXPECT_EQ(through<OptionalSecretText>("null"), "\"\"");
  EXPECT_EQ(through<OptionalSecretText>("1"), "error: should be capsule, got number");
  EXPECT_EQ(through<OptionalSecretText>("true"), "error: should be capsule, got bool");
}

TEST(Decode, Containers) {
  EXPECT_EQ(through<std::vector<std::string>>("[\"a\", 1, null]"), "[\"a\", \"1\", \"\"]");
  EXPECT_EQ(through<std::vector<std::string>>("\"a\""), "error: should be array, got string");
  EXPECT_EQ(through<std::vector<std::string>>("null"), "[]");
  EXPECT_EQ(through<std::vector<std::int64_t>>("bytes"), "[49, 50]");
  EXPECT_EQ((through<std::map<std::string, std::int64_t>>("{b = 1, a = \"2\"}")), "{a = 2, b = 1}");
  EXPECT_EQ((through<std::map<std::string, std::int64_t>>("[]")), "error: should be object, got array");
  EXPECT_EQ(through<std::optional<bool>>("null"), "null");
  EXPECT_EQ(through<std::optional<bool>>("true"), "true");
  EXPECT_EQ(through<Value>("[1, {a = null}]"), "[1, {a = null}]");
}

TEST(Decode, ErrorsCarryThePath) {
  const auto decoded =
      Codec<std::map<std::string, std::vector<bool>>>::decode(testing::evaluate_value("{k = [true, 1]}"));
  ASSERT_FALSE(decoded);
  ASSERT_EQ(decoded.error().path.size(), 2U);
  EXPECT_EQ(std::get<std::string>(decoded.error().path[0]), "k");
  EXPECT_EQ(std::get<std::size_t>(decoded.error().path[1]), 1U);
  EXPECT_EQ(decoded.error().expected, "bool");
  EXPECT_EQ(decoded.error().actual, "number");
}

TEST(Decode, TypesHaveTexts) {
  EXPECT_EQ((Codec<std::map<std::string, std::vector<std::string>>>::type_text()), "map(list(string))");
  EXPECT_EQ(Codec<Duration>::type_text(), "duration");
  EXPECT_EQ(Codec<std::optional<std::uint64_t>>::type_text(), "uint");
}

}  // namespace
}  // namespace invar::syntax
