#include "labels/labels.h"

#include <gtest/gtest.h>

#include "labels/case_mapping.h"

namespace invar {
namespace {

TEST(Labels, AreSortedBytewiseAndWithoutEmptyValues) {
  const Labels labels = {{"b", "2"}, {"a", "1"}, {"Z", "0"}, {"gone", ""}};
  EXPECT_EQ(labels.to_string(), R"({Z="0", a="1", b="2"})");
  EXPECT_EQ(labels.size(), 3u);
  EXPECT_FALSE(labels.has("gone"));
  EXPECT_EQ(labels.get("a"), "1");
  EXPECT_EQ(labels.get("aa"), "");
}

TEST(Labels, TheLastOfARepeatedNameWins) {
  EXPECT_EQ(Labels::from({{"a", "1"}, {"b", "x"}, {"a", "2"}}).to_string(), R"({a="2", b="x"})");
  EXPECT_TRUE(Labels::from({{"a", "1"}, {"a", ""}}).empty());
}

TEST(Labels, EqualityIsByContent) {
  EXPECT_EQ((Labels{{"a", "1"}, {"b", "2"}}), (Labels{{"b", "2"}, {"a", "1"}}));
  EXPECT_FALSE((Labels{{"a", "1"}} == Labels{{"a", "2"}}));
  EXPECT_FALSE((Labels{{"a", "1"}} == Labels{}));
  EXPECT_EQ(Labels{}, Labels::from({{"a", ""}}));
}

TEST(Labels, HashMatchesThePublishedVector) {
  const Labels labels = {{"instance", "localhost:9090"}, {"service_name", "unspecified"}};
  EXPECT_EQ(labels.stable_hash(), 0x4571be4b54996609ULL);
  EXPECT_EQ(Labels{}.stable_hash(), 0xef46db3751d8e999ULL);  // xxHash64 of nothing
}

TEST(Labels, TextFormQuotesNamesThatAreNotPlain) {
  EXPECT_EQ((Labels{{"a b", "x\"y"}, {"9", "1"}, {"_ok9", "1"}}).to_string(),
            R"({"9"="1", _ok9="1", "a b"="x\"y"})");
  EXPECT_EQ(Labels{}.to_string(), "{}");
}

TEST(LabelsBuilder, SetsReplacesAndErases) {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}});
  builder.set("c", "3").set("a", "").erase("absent").set("b", "22");
  EXPECT_EQ(builder.get("b"), "22");
  EXPECT_EQ(builder.get("a"), "");
  const Labels first = builder.build();
  EXPECT_EQ(first.to_string(), R"({b="22", c="3"})");
  builder.erase("b");
  EXPECT_EQ(builder.build().to_string(), R"({c="3"})");
  EXPECT_EQ(first.to_string(), R"({b="22", c="3"})") << "a built set never changes";
}

TEST(LabelsBuilder, MayBeSetFromItsOwnValues) {
  LabelsBuilder builder(Labels{{"a", "a value that does not fit the small string storage"}});
  builder.set("b", builder.get("a"));
  builder.set("a", builder.get("a").substr(2));
  EXPECT_EQ(builder.get("b"), "a value that does not fit the small string storage");
  EXPECT_EQ(builder.get("a"), "value that does not fit the small string storage");
}

TEST(CaseMapping, MapsRuneByRune) {
  const struct {
    const char *text, *lower, *upper;
  } rows[] = {
      {"aZ09_", "az09_", "AZ09_"},
      {"É", "é", "É"},
      {"ß", "ß", "ß"},
      {"ŉ", "ŉ", "ŉ"},
      {"ς", "ς", "Σ"},
      {"ſ", "ſ", "S"},
      {"ǆ", "ǆ", "Ǆ"},
      {"ǅ", "ǆ", "Ǆ"},
      {"İ", "i", "İ"},
      {"\u212A", "k", "\u212A"},  // the Kelvin sign
      {"ÿ", "ÿ", "Ÿ"},
      {"Āā", "āā", "ĀĀ"},
      {"𐐨𐐀", "𐐨𐐨", "𐐀𐐀"},
      {"日本", "日本", "日本"},
      {"", "", ""},
      {"×÷", "×÷", "×÷"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_lower_unicode(row.text), row.lower) << row.text;
    EXPECT_EQ(to_upper_unicode(row.text), row.upper) << row.text;
  }
  EXPECT_EQ(to_upper_unicode("a\xff"
                             "b"),
            "A\uFFFDB");
}

}  // namespace
}  // namespace invar
