#include "services/compression.h"

#include <gtest/gtest.h>
#include "codec/gzip.h"

namespace invar::services {
namespace {

struct Answer : http::Responder {
  void send(http::ServerResponse response) override { got = std::move(response); }
  void start(http::ServerResponse) override {}
  void write(std::string) override {}
  void finish() override {}
  [[nodiscard]] std::size_t backlog_bytes() const override { return 0; }
  [[nodiscard]] bool alive() const override { return true; }
  void on_change(Changed) override {}
  http::ServerResponse got;
};

http::ServerResponse answer(const std::string& accept_encoding, const std::string& body) {
  http::ServerRequest request;
  if (!accept_encoding.empty()) request.headers.set("Accept-Encoding", accept_encoding);
  const auto responder = std::make_shared<Answer>();
  send_compressed(request, responder, http::json_response(body));
  return responder->got;
}

TEST(Compression, IsUsedWhenTheClientTakesIt) {
  for (const char* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "*", "br;q=1.0, *;q=0.1", "gzip;q=0.01"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "deflate", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0", "xgzip"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Compression, KeepsTheBodyAndSaysSo) {
  const std::string body(5000, 'x');
  const auto packed = answer("gzip", body);
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.get("Content-Type"), "application/json");
  EXPECT_LT(packed.body.size(), 500U);
  std::string plain;
  ASSERT_TRUE(codec::Inflater().gunzip(packed.body, 10000, plain));
  EXPECT_EQ(plain, body);

  for (const auto& same : {answer("", body), answer("gzip;q=0", body), answer("gzip", "[]")}) {
    EXPECT_FALSE(same.headers.has("Content-Encoding"));
    EXPECT_EQ(same.headers.get("Vary"), "Accept-Encoding");  // caches must not mix the two up
  }
}

}  // namespace
}  // namespace invar::services
