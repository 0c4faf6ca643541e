// Text, numbers, names and settings of recordings.
#include "jfr/text.h"

#include <gtest/gtest.h>

#include <utility>

#include "jfr/id_map.h"
#include "jfr/names.h"
#include "jfr/settings.h"
#include "jfr/testing/recordings.h"

namespace invar::jfr {
namespace {

using namespace std::string_literals;

std::string text_of(std::string_view bytes, std::size_t limit = 100) {
  Cursor in(bytes), skipped(bytes);
  const Text text = read_text(in, limit);
  skip_text(skipped);
  if (in.failed()) return "failed";
  EXPECT_FALSE(skipped.failed());
  EXPECT_EQ(in.offset(), skipped.offset());
  if (text.null) return "null";
  return text.constant ? "constant " + std::to_string(*text.constant) : text.utf8;
}

TEST(Text, IsReadInEveryEncoding) {
  EXPECT_EQ(text_of("\0"s), "null");
  EXPECT_EQ(text_of("\1"s), "");
  EXPECT_EQ(text_of("\2\x81\1"s), "constant 129");
  EXPECT_EQ(text_of("\3\4\xd0\xb6!?"s), "ж!?");
  EXPECT_EQ(text_of("\4\4a\xb6\x08\xbd\xb0\x03\x80\xb8\x03"s), "aж\U0001f400");
  EXPECT_EQ(text_of("\5\2\xe9!"s), "é!");
}

TEST(Text, IsValidUtf8WhateverStandsInTheRecording) {
  EXPECT_EQ(text_of("\3\2\xff!"s), "\ufffd!");
  EXPECT_EQ(text_of("\3\2\xc0\x80"s), "\ufffd\ufffd");
  EXPECT_EQ(text_of("\3\3\xed\xa0\x80"s), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(text_of("\4\2\xbd\xb0\x03!"s), "\ufffd!");
  EXPECT_EQ(text_of("\4\1\x80\xb8\x03"s), "\ufffd");
}

TEST(Text, FailsWhenCutOffTooLongOrOfAnotherKind) {
  EXPECT_EQ(text_of(""), "failed");
  EXPECT_EQ(text_of("\3\4abc"s), "failed");
  EXPECT_EQ(text_of("\4\4abc"s), "failed");
  EXPECT_EQ(text_of("\3\4abcd"s, 3), "failed");
  EXPECT_EQ(text_of("\6"s), "failed");
}

TEST(Cursor, ReadsWhatIsWrittenAndEndsInFailure) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128},
                                    std::uint64_t{1} << 56, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::string bytes;
    testing::put_varint(bytes, value);
    Cursor in(bytes);
    EXPECT_EQ(in.varint(), value);
    EXPECT_FALSE(in.failed() || in.more());
    Cursor cut(std::string_view(bytes).substr(0, bytes.size() - 1));
    cut.varint();
    EXPECT_TRUE(cut.failed());
  }
}

TEST(IdMap, FindsTheLastValueOfAKey) {
  IdMap map;
  EXPECT_EQ(map.find(1), IdMap::kNone);
  for (std::uint64_t key = 0; key < 1000; ++key) map.set(key * key << 20, static_cast<std::uint32_t>(key));
  map.set(0, 77);
  for (std::uint64_t key = 1; key < 1000; ++key) EXPECT_EQ(map.find(key * key << 20), key);
  EXPECT_EQ(map.find(0), 77U);
  EXPECT_EQ(map.find(3), IdMap::kNone);
}

TEST(Names, LoseTheirGeneratedPart) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"jdk/internal/reflect/GeneratedMethodAccessor31", "jdk/internal/reflect/GeneratedMethodAccessor_"},
      {"Shop$$Lambda$669.0x0000000800fd7318", "Shop$$Lambda_"},
      {"Shop$$Lambda$14/0x0800", "Shop$$Lambda_"},
      {"Shop$$Lambda.0x00007ffa600c4da0", "Shop$$Lambda_"},
      {"Shop$$Lambda/0x00007ffa600c4da0", "Shop$$Lambda_"},
      {"Shop$$Lambda$7/1234", "Shop$$Lambda_"},
      {"libzstd-jni-1.5.1-16931311898282279136.so", "libzstd-jni-_.so"},
      {"./tmp/libzstd-jni-1.5.1-169.so (deleted)", "libzstd-jni-_.so"},
      {"libamazonCorrettoCryptoProvider109b39cf33c563eb.so", "libamazonCorrettoCryptoProvider_.so"},
      {"./tmp/amazonCorrettoCryptoProviderNativeLibraries.7382c2f79097f415/libcrypto.so (deleted)",
       "libamazonCorrettoCryptoProvider_.so"},
  };
  for (const auto& [name, merged] : cases) EXPECT_EQ(without_generated_parts(std::string(name)), merged);
}

TEST(Names, OfPeopleStay) {
  for (const char* const name :
       {"", "run", "Shop$$Lambda", "$$Lambda$1/0x1", "Shop$$LambdaFactory", "Shop$$Lambda$x/0x1",
        "GeneratedMethodAccessor31", "jdk/internal/reflect/GeneratedMethodAccessor", "libzstd-jni-1.5-1.so",
        "libzstd-jni-1.5.1-1.so.1", "libamazonCorrettoCryptoProvider109b.so", "libc.so.6 (deleted)"}) {
    EXPECT_EQ(without_generated_parts(name), name);
  }
}

TEST(Settings, ReadIntervalsAsBothWritersWriteThem) {
  const std::pair<std::string_view, std::int64_t> cases[] = {{"10000000", 10'000'000},
                                                             {"20 ms", 20'000'000},
                                                             {"1 s", 1'000'000'000},
                                                             {"5us", 5'000},
                                                             {"beginChunk", 0},
                                                             {"-1", 0},
                                                             {"", 0},
                                                             {"9223372036854775807 d", 0}};
  for (const auto& [text, ns] : cases) EXPECT_EQ(interval_ns(text), ns) << text;
}

}  // namespace
}  // namespace invar::jfr
