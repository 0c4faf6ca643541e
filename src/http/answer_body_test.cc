#include "http/answer_body.h"

#include <gtest/gtest.h>

#include "codec/gzip.h"

namespace invar::http {
namespace {

std::string gzipped(const std::string& text) {
  std::string out;
  codec::Deflater().gzip(text, out);
  return out;
}

Response answer(std::string body, std::string_view coding = "") {
  Response out;
  out.status = 503;
  out.body = std::move(body);
  if (!coding.empty()) out.headers.set("Content-Encoding", std::string(coding));
  return out;
}

TEST(AnswerBody, ComesWithoutItsCoding) {
  EXPECT_EQ(*plain_body(answer("plain"), 100), "plain");
  EXPECT_EQ(*plain_body(answer(gzipped("packed"), "gzip"), 100), "packed");
  EXPECT_EQ(plain_body(answer("x", "rot13"), 100).error().message,
            "the body has the Content-Encoding \"rot13\", which is not known here");
  EXPECT_FALSE(plain_body(answer(gzipped(std::string(1000, 'x')), "gzip"), 100));
}

TEST(AnswerBody, IsUnpackedInPlace) {
  Response packed = answer(gzipped("packed"), "gzip");
  ASSERT_TRUE(unpack(packed));
  EXPECT_EQ(packed.body, "packed");
  EXPECT_FALSE(packed.headers.has("Content-Encoding"));
  EXPECT_TRUE(unpack(packed)) << "a second time nothing is to be done";
  EXPECT_EQ(packed.body, "packed");
  Response broken = answer("not gzip", "gzip");
  EXPECT_FALSE(unpack(broken));
  EXPECT_EQ(broken.body, "not gzip");
}

TEST(AnswerBody, InWords) {
  EXPECT_EQ(what_it_says(answer("")), "");
  EXPECT_EQ(what_it_says(answer("out of disk\x1b[31m on the third of five machines\n")),
            ": out of disk\\x1b[31m on the third of five machines");
  EXPECT_EQ(what_it_says(answer(gzipped("try later"), "gzip")), ": try later");
}

}  // namespace
}  // namespace invar::http
