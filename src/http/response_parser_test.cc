#include "http/response_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::http {
namespace {

using enum ResponseParser::Progress;

struct Row {
  std::string bytes;
  ResponseParser::Progress want;
  int status = 0;
  std::string body;
  bool keep_alive = false;
  bool head_request = false;
};

const Row kRows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", kDone, 200, "ok", true},
    {"\r\n\nHTTP/1.1  200   OK \r\nContent-Length :2 \r\nno field\r\nX: a\r\n b\r\n\r\nok", kDone, 200, "ok",
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", kDone,
     200, "ok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nX\x01y: 1\r\nX: a\x01z\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 abc OK\r\n\r\n", kNotHttp},
    {"HTTP/1.1\r\n\r\n", kNotHttp},
    {"HTTP/2 200\r\n\r\n", kNotHttp},
    {"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", kDone, 200, "ok", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", kDone, 200,
     "ok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", kDone, 200, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n", kDone, 200,
     "ok", true},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 "
     "Created\r\nContent-Length: 1\r\n\r\nx",
     kDone, 201, "x", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", kDone, 204, "", true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", kDone, 304, "", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", kDone, 200, "", true, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'), kDone, 200,
     std::string(100, 'x'), true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), kTooLarge},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + std::string(100, 'x') +
         "\r\n1\r\nx\r\n0\r\n\r\n",
     kTooLarge},
    {"HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), kTooLarge},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", kNotHttp},
    {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", kNotHttp},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", kNotHttp},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", kNotHttp},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n", kNotHttp},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", kNotHttp},
    // As old servers and small ones send them.
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1  \r\no\r\n0001 ; x\r\nk\r\n0 \r\n\r\n", kDone,
     200, "ok", true},
    {"HTTP/1.1 200\nTransfer-Encoding: Chunked\n\n2\nok\n0\nX-Late: 1\n\n", kDone, 200, "ok", true},
    {"<html>\r\n\r\n", kNotHttp},
    {"HTTP/1.1 200 OK\r\nContent-Len", kMore},
    {"HTTP/1.1 200 OK\r\nX: " + std::string(1100 << 10, 'x'), kEndlessHead},
};

// However the bytes are cut, the answer is the same.
TEST(ResponseParser, EveryRowInPiecesOfEverySize) {
  for (const Row& row : kRows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{17}, std::size_t{70'000}}) {
      if (row.bytes.size() / piece > 20'000) continue;
      ResponseParser parser;
      parser.start({.head_request = row.head_request, .max_body_bytes = 100});
      auto progress = kMore;
      for (std::size_t at = 0; at < row.bytes.size() && progress == kMore; at += piece) {
        progress = parser.feed(std::string_view(row.bytes).substr(at, piece));
      }
      ASSERT_EQ(progress, row.want) << row.bytes.substr(0, 200) << " in pieces of " << piece << ": "
                                    << parser.why();
      if (progress != kDone) continue;
      EXPECT_EQ(parser.keep_alive(), row.keep_alive) << row.bytes;
      const Response response = parser.take();
      EXPECT_EQ(response.status, row.status);
      EXPECT_EQ(response.body, row.body);
      EXPECT_FALSE(response.headers.has("X-Late"));
    }
  }
}

TEST(ResponseParser, TheEndOfTheConnectionEndsABodyWithoutALength) {
  ResponseParser parser;
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.end(), kCut);
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\n"), kMore);
  EXPECT_EQ(parser.end(), kCut);
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("HTTP/1.1 2"), kMore);
  EXPECT_EQ(parser.end(), kCut);
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("\x15\x03"), kNotHttp);
  EXPECT_EQ(parser.why(), "it answers in TLS (is the scheme https?)");
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), kMore);
  EXPECT_EQ(parser.end(), kCut);
  EXPECT_EQ(parser.body_bytes(), 2u);
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\n\r\nab"), kMore);
  EXPECT_EQ(parser.end(), kDone);
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_EQ(parser.take().body, "ab");
}

TEST(ResponseParser, RoomIsMadeForTheBodyThatIsExpected) {
  ResponseParser parser;
  parser.start({.max_body_bytes = 1 << 20, .expected_body_bytes = 100'000});
  const std::string_view chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
  EXPECT_EQ(parser.feed(chunked), kDone);
  EXPECT_GE(parser.take().body.capacity(), 100'000u);
  parser.start({.max_body_bytes = 1 << 20, .expected_body_bytes = 100'000});
  EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), kDone);
  EXPECT_LT(parser.take().body.capacity(), 1000u) << "the peer knows better";
}

TEST(ResponseParser, WhatFollowsTheAnswerSpoilsTheConnection) {
  ResponseParser parser;
  parser.start({.max_body_bytes = 100});
  EXPECT_EQ(parser.feed("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n"), kDone);
  EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, OddFieldsAreReadAsTheyAreMeant) {
  ResponseParser parser;
  parser.start({.max_body_bytes = 100});
  ASSERT_EQ(
      parser.feed("HTTP/1.1 200\nA : 1\nB: 2\n\tand 3\nnot a field\nbad name: 4\nContent-Length: 0\n\n"),
      kDone);
  const Response response = parser.take();
  EXPECT_EQ(response.status_line, "200 OK");
  EXPECT_THAT(std::vector(response.headers.begin(), response.headers.end()),
              ::testing::ElementsAre(std::pair("A", "1"), std::pair("B", "2 and 3"),
                                     std::pair("Content-Length", "0")));
}

// What a body was packed with before it was cut into chunks is undone with what its content was packed with.
TEST(ResponseParser, TransferCodingsBecomeContentCodings) {
  const struct {
    const char* fields;
    const char* body;
    const char* coding;
    ResponseParser::Progress want = kDone;
  } rows[] = {
      {"Transfer-Encoding: gzip, chunked\r\n", "2\r\nok\r\n0\r\n\r\n", "gzip"},
      {"Transfer-Encoding: gzip\r\ntransfer-encoding: Chunked\r\n", "2\r\nok\r\n0\r\n\r\n", "gzip"},
      {"Transfer-Encoding: identity, chunked\r\n", "2\r\nok\r\n0\r\n\r\n", ""},
      {"Transfer-Encoding: , gzip , chunked\r\nContent-Encoding: br\r\n", "2\r\nok\r\n0\r\n\r\n", "br, gzip"},
      {"Transfer-Encoding: x-odd,chunked\r\nContent-Length: 1\r\n", "2\r\nok\r\n0\r\n\r\n", "x-odd"},
      {"Transfer-Encoding: gzip\r\nContent-Length: 1\r\n", "ok", "gzip", kMore},
      {"Transfer-Encoding: chunked, gzip\r\n", "ok", "chunked, gzip", kMore},
  };
  for (const auto& row : rows) {
    ResponseParser parser;
    parser.start({.max_body_bytes = 100});
    EXPECT_EQ(parser.feed(std::string("HTTP/1.1 200 OK\r\n") + row.fields + "\r\n" + row.body), row.want)
        << row.fields;
    if (row.want == kMore) {
      EXPECT_EQ(parser.end(), kDone) << "its end is that of the connection";
    }
    const Response response = parser.take();
    EXPECT_EQ(response.body, "ok") << row.fields;
    EXPECT_EQ(response.headers.get("Content-Encoding"), row.coding) << row.fields;
  }
}

TEST(ResponseParser, FieldsKeepTheirOrderAndRepeat) {
  ResponseParser parser;
  parser.start({.max_body_bytes = 100});
  ASSERT_EQ(parser.feed("HTTP/1.1 404 Nope\r\nB: 1 \r\nA:2\r\nb: 3\r\nContent-Length: 0\r\n\r\n"), kDone);
  const Response response = parser.take();
  EXPECT_EQ(response.status_line, "404 Nope");
  EXPECT_THAT(std::vector(response.headers.begin(), response.headers.end()),
              ::testing::ElementsAre(std::pair("B", "1"), std::pair("A", "2"), std::pair("b", "3"),
                                     std::pair("Content-Length", "0")));
}

}  // namespace
}  // namespace invar::http
