#include "codec/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "codec/base64.h"
#include "codec/gzip.h"

namespace invar::codec {
namespace {

constexpr std::uint64_t kLimit = 1 << 20;

std::string gzip_coded(const std::string& text) {
  std::string out;
  Deflater().gzip(text, out);
  return out;
}

// With the zlib wrapper, or without (negative bits).
std::string deflated_with(const std::string& text, int bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string undo(std::string body, std::string_view codings, std::uint64_t limit = kLimit) {
  const auto result = undo_content_coding(std::move(body), codings, limit);
  return result ? *result : "error: " + result.error().message;
}

TEST(ContentCoding, EveryCodingIsUndone) {
  const std::string text(1000, 'x');
  EXPECT_EQ(undo("as it is", ""), "as it is");
  for (const char* nothing : {"identity", "none", "None", "binary", "UTF-8", "8bit"})
    EXPECT_EQ(undo("as it is", nothing), "as it is") << nothing;
  EXPECT_EQ(undo(gzip_coded(text), "gzip"), text);
  EXPECT_EQ(undo(gzip_coded(text), "X-GZip"), text);
  EXPECT_EQ(undo(deflated_with(text, MAX_WBITS), "deflate"), text);
  EXPECT_EQ(undo(deflated_with(text, -MAX_WBITS), "deflate"), text);
  // Made by `brotli` and `zstd` of "hello\n".
  EXPECT_EQ(undo(*from_base64("iwKAaGVsbG8KAw=="), "br"), "hello\n");
  EXPECT_EQ(undo(*from_base64("KLUv/QRYMQAAaGVsbG8KU4i9kQ=="), "zstd"), "hello\n");
}

TEST(ContentCoding, SeveralAreUndoneFromTheLast) {
  const std::string text(1000, 'x');
  EXPECT_EQ(undo(gzip_coded(deflated_with(text, MAX_WBITS)), "deflate, gzip"), text);
  EXPECT_EQ(undo(gzip_coded(gzip_coded(text)), "gzip,identity , gzip"), text);
}

TEST(ContentCoding, WhatItIsNotIsNamed) {
  EXPECT_EQ(undo("plain", "gzip"), "error: the body is not what its Content-Encoding gzip says");
  EXPECT_EQ(undo("plain", "deflate"), "error: the body is not what its Content-Encoding deflate says");
  EXPECT_EQ(undo("plain", "br"), "error: the body is not what its Content-Encoding br says");
  EXPECT_EQ(undo("plain", "zstd"), "error: the body is not what its Content-Encoding zstd says");
  EXPECT_EQ(undo("plain", "compress"),
            "error: the body has the Content-Encoding \"compress\", which is not known here");
  const std::string packed = deflated_with(std::string(1000, 'x'), MAX_WBITS);
  EXPECT_EQ(undo(packed.substr(0, packed.size() - 6), "deflate"),
            "error: the body is not what its Content-Encoding deflate says");
}

TEST(ContentCoding, ABombEndsAtTheLimit) {
  const std::string large(100'000, 'x');
  for (const auto& [body, coding] :
       {std::pair(gzip_coded(large), "gzip"), std::pair(deflated_with(large, MAX_WBITS), "deflate")}) {
    EXPECT_EQ(undo(body, coding, 10'000), "error: the unpacked body is larger than the limit of 9.8 KiB")
        << coding;
  }
}

}  // namespace
}  // namespace invar::codec
