#include "codec/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <random>

namespace invar::codec {
namespace {

using ::testing::HasSubstr;

std::string inflated(std::string_view in, std::uint64_t limit = 1 << 20) {
  Inflater inflater;
  std::string out;
  const Result<> done = inflater.gunzip(in, limit, out);
  return done ? out : "error: " + done.error().message;
}

// A table for text in which the first symbols are the frequent ones.
const DeflateTable& test_table() {
  static const DeflateTable table = [] {
    std::array<std::uint32_t, 286> literals;
    std::array<std::uint32_t, 30> distances;
    for (std::size_t i = 0; i < literals.size(); ++i)
      literals[i] = static_cast<std::uint32_t>(1 + 1000 / (i + 1));
    distances.fill(1);
    return DeflateTable(literals, distances);
  }();
  return table;
}

std::string gzipped(std::string_view in, const DeflateTable* table = nullptr) {
  Deflater deflater(table);
  std::string out;
  deflater.gzip(in, out);
  return out;
}

// A member by zlib, with the header fields that ISA-L and Go never write.
std::string zlib_member(std::string_view in, bool with_header_fields) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  unsigned char extra[] = {'A', 'B', 2, 0, 'x', 'y'}, name[] = "file", comment[] = "said";
  gz_header header{};
  header.extra = extra;
  header.extra_len = sizeof(extra);
  header.name = name;
  header.comment = comment;
  header.hcrc = 1;
  if (with_header_fields) deflateSetHeader(&stream, &header);
  std::string out(deflateBound(&stream, in.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string random_text(std::size_t size, unsigned letters) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() % letters);
  return out;
}

TEST(Gzip, WhatGoesInComesOut) {
  for (const std::size_t size : {0u, 1u, 63u, 1000u, 70000u, 1000000u}) {
    for (const unsigned letters : {1u, 4u, 256u}) {
      const std::string text = random_text(size, letters);
      EXPECT_EQ(inflated(gzipped(text), size), text) << size << " of " << letters;
      EXPECT_EQ(inflated(gzipped(text, &test_table()), size), text) << size << " of " << letters;
      EXPECT_EQ(inflated(zlib_member(text, true), size), text) << size << " of " << letters;
    }
  }
}

class GzipTables : public ::testing::TestWithParam<const DeflateTable*> {};
INSTANTIATE_TEST_SUITE_P(Gzip, GzipTables,
                         ::testing::Values(static_cast<const DeflateTable*>(nullptr), &test_table()));

TEST_P(GzipTables, WhatWeWriteZlibReads) {
  const std::string text = random_text(200000, 20);
  const std::string packed = gzipped(text, GetParam());
  z_stream stream{};
  inflateInit2(&stream, 16 + MAX_WBITS);
  std::string out(text.size() + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  EXPECT_EQ(out, text);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
}

TEST(Deflate, IsSmallerOrNothing) {
  const std::string text = random_text(50000, 4);
  const auto packed = deflated(text);
  ASSERT_TRUE(packed);
  EXPECT_LT(packed->size(), text.size() / 3);
  z_stream stream{};
  inflateInit2(&stream, -MAX_WBITS);
  std::string out(text.size(), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed->data()));
  stream.avail_in = static_cast<uInt>(packed->size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(out, text);
  inflateEnd(&stream);
  for (const std::string& incompressible : {std::string(), std::string("a"), random_text(5000, 256)})
    EXPECT_FALSE(deflated(incompressible)) << incompressible.size();
}

TEST(Gzip, SeveralMembersAreOneBody) {
  EXPECT_EQ(inflated(zlib_member("one ", true) + gzipped("two ") + zlib_member("", false) +
                     zlib_member("three", false)),
            "one two three");
}

TEST(Gzip, TheClaimedSizeIsTheStoredOneAsFarAsItCanBe) {
  const std::string text = random_text(5000, 4);
  EXPECT_EQ(claimed_size(text), 5000u);
  std::string packed = gzipped(text);
  EXPECT_EQ(claimed_size(packed), 5000u);
  packed.replace(packed.size() - 4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(claimed_size(packed), packed.size() * 1032);
  EXPECT_EQ(claimed_size("\x1f\x8b"), 0u);
}

TEST(Gzip, DamageIsNamed) {
  const std::string good = zlib_member("a profile, or what passes for one: aaaaaaaaaaaaaaaaaaaaaaaaa", false);
  const auto flip = [&](std::size_t at, char with) {
    std::string copy = good;
    copy[at] = static_cast<char>(copy[at] ^ with);
    return copy;
  };
  std::string with_header_crc = zlib_member("text", true);
  with_header_crc[4] ^= 1;
  const struct {
    const char* why;
    std::string in;
    const char* want;
  } rows[] = {
      {"nothing", "", "truncated gzip header"},
      {"not gzip", "0123456789abc", "not gzip"},
      {"only the magic", good.substr(0, 2), "truncated gzip header"},
      {"a method that does not exist", flip(2, 1), "unknown compression method"},
      {"reserved flag 0x20", flip(3, 0x20), "reserved flags"},
      {"reserved flag 0x40", flip(3, 0x40), "reserved flags"},
      {"reserved flag 0x80", flip(3, char(0x80)), "reserved flags"},
      {"extra field beyond the end", flip(3, 4), "truncated gzip header"},
      {"name without an end", good.substr(0, 3) + '\x08' + "abcdefghijk", "truncated gzip header"},
      {"wrong CRC of the header", with_header_crc, "wrong CRC of the gzip header"},
      {"no data", good.substr(0, 10), "truncated gzip"},
      {"data cut", good.substr(0, good.size() / 2), "truncated gzip"},
      {"trailer cut", good.substr(0, good.size() - 3), "truncated gzip"},
      {"wrong CRC", flip(good.size() - 8, 1), "wrong CRC"},
      {"wrong size", flip(good.size() - 1, 1), "wrong CRC or size"},
      {"reserved block type", good.substr(0, 10) + "\x07" + good.substr(11), "damaged gzip data"},
      {"bytes behind", good + "x", "bytes behind the end"},
      {"zeros behind", good + std::string(600, '\0'), "bytes behind the end"},
      {"second member cut", good + good.substr(0, 12), "truncated gzip"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(inflated(row.in), ::testing::AllOf(::testing::StartsWith("error: "), HasSubstr(row.want)))
        << row.why;
  }
}

TEST(Gzip, StopsAtTheLimit) {
  const std::string zeros(8 << 20, '\0');
  const std::string bomb = zlib_member(zeros, false);
  Inflater inflater;
  std::string out;
  const Result<> done = inflater.gunzip(bomb, 100000, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(done.error().message, HasSubstr("100000"));
  EXPECT_LE(out.capacity(), 300000u) << "memory follows the limit, not the stored size";
  EXPECT_TRUE(inflater.gunzip(bomb, zeros.size(), out)) << "exactly the limit is allowed";
  EXPECT_FALSE(inflater.gunzip(bomb, zeros.size() - 1, out));
  EXPECT_FALSE(inflater.gunzip(zlib_member("aaa", false) + zlib_member("bbb", false), 5, out))
      << "counts all members";
}

TEST(Gzip, StoredSizeIsNotBelieved) {
  std::string liar = zlib_member("short", false);
  for (std::size_t i = liar.size() - 4; i < liar.size(); ++i) liar[i] = '\xff';
  Inflater inflater;
  std::string out;
  EXPECT_FALSE(inflater.gunzip(liar, 1u << 30, out));
  EXPECT_LT(out.capacity(), 100000u);
}

}  // namespace
}  // namespace invar::codec
