#include "delivery/reply.h"

#include <gmock/gmock.h>

#include "codec/gzip.h"
#include "http/failures.h"
#include "http/testing/fake_transport.h"

namespace invar::delivery {
namespace {

using http::FailureKind;
using http::testing::answer;
using http::testing::failure;
using std::chrono::seconds;
using ::testing::HasSubstr;

Reply classify(const std::expected<http::Response, http::Failure>& result, const ReplyContext& context,
               bool ingest = false) {
  return ingest ? classify_ingest(result, context) : classify_push(result, context);
}

constexpr const char* kJson = "application/json";
std::string connect(const char* code) {
  return std::string(R"({"code":")") + code + R"(","message":"why"})";
}

TEST(Reply, FollowsTheRetryMatrix) {
  constexpr auto done = Verdict::kDone, retry = Verdict::kRetry, give_up = Verdict::kGiveUp,
                 hold = Verdict::kHold;
  const struct {
    const char* what;
    std::expected<http::Response, http::Failure> result;
    Verdict push, ingest;
    bool retry_429 = true;
  } cases[] = {
      {"200 right type", answer(200, "application/proto", ""), done, done},
      {"200 parameters", answer(200, "application/proto; charset=utf-8", ""), done, done},
      {"200 other application type", answer(200, "application/octet-stream", "?"), done, done},
      {"200 undecodable", answer(200, "application/proto", "\xff\xff"), done, done},
      {"200 web page", answer(200, "text/html", "<html>"), retry, retry},
      {"200 text", answer(200, "text/plain; charset=utf-8", ""), retry, done},
      {"200 no type", answer(200, "", ""), retry, done},
      {"201", answer(201, "application/proto", ""), give_up, done},
      {"204", answer(204, "", ""), give_up, done},
      {"302", answer(302, "", "", {{"Location", "/login"}}), hold, hold},
      {"304", answer(304, "", ""), give_up, give_up},
      {"400 connect", answer(400, kJson, connect("invalid_argument")), give_up, give_up},
      {"400 plain", answer(400, "text/plain", "bad"), give_up, give_up},
      {"400 of Go's https port", answer(400, "", "Client sent an HTTP request to an HTTPS server.\n"), hold,
       hold},
      {"400 of nginx's https port",
       answer(400, "text/html",
              "<html><center>The plain HTTP request was sent to HTTPS port</center></html>"),
       hold, hold},
      {"401 plain", answer(401, "text/plain", ""), hold, hold},
      {"401 connect", answer(401, kJson, connect("unauthenticated")), hold, hold},
      {"403", answer(403, "text/plain", ""), hold, hold},
      {"403 connect", answer(403, kJson, connect("permission_denied")), hold, hold},
      {"404", answer(404, "text/plain", "404 page not found"), hold, hold},
      {"404 connect", answer(404, kJson, connect("not_found")), give_up, hold},
      {"408", answer(408, "text/plain", ""), retry, retry},
      {"402", answer(402, "text/plain", ""), give_up, give_up},
      {"405", answer(405, "text/plain", ""), hold, hold},
      {"409", answer(409, "text/plain", ""), give_up, give_up},
      {"413", answer(413, "text/plain", ""), give_up, give_up},
      {"415", answer(415, "text/plain", ""), give_up, give_up},
      {"422", answer(422, "text/plain", "bad"), give_up, give_up},
      {"422 not ready", answer(422, kJson, R"({"message":"x rpc error: code = Unavailable desc"})"), give_up,
       retry},
      {"426", answer(426, "text/plain", ""), give_up, give_up},
      {"431", answer(431, "text/plain", ""), give_up, give_up},
      {"451", answer(451, "text/plain", ""), give_up, give_up},
      {"499 plain", answer(499, "text/plain", ""), give_up, give_up},
      {"499 connect", answer(499, kJson, connect("canceled")), give_up, give_up},
      {"429 connect", answer(429, kJson, connect("resource_exhausted")), retry, retry},
      {"429 connect, off", answer(429, kJson, connect("resource_exhausted")), give_up, give_up, false},
      {"429 plain", answer(429, "text/plain", ""), retry, retry},
      {"429 plain, off", answer(429, "text/plain", ""), give_up, give_up, false},
      {"400 unavailable", answer(400, kJson, connect("unavailable")), retry, give_up},
      {"503 invalid", answer(503, kJson, connect("invalid_argument")), give_up, retry},
      {"json without code", answer(400, kJson, R"({"message":"x"})"), give_up, give_up},
      {"json unknown code", answer(503, kJson, R"({"code":"nonsense"})"), retry, retry},
      {"json broken", answer(503, kJson, R"({"code":)"), retry, retry},
      {"json other case", answer(400, "Application/JSON", connect("unavailable")), give_up, give_up},
      {"json charset", answer(400, "application/json; charset=utf-8", connect("unavailable")), retry,
       give_up},
      {"500", answer(500, "text/plain", ""), retry, retry},
      {"500 unknown", answer(500, kJson, connect("unknown")), retry, retry},
      {"500 internal", answer(500, kJson, connect("internal")), retry, retry},
      {"500 data_loss", answer(500, kJson, connect("data_loss")), retry, retry},
      {"409 aborted", answer(409, kJson, connect("aborted")), retry, give_up},
      {"504 deadline", answer(504, kJson, connect("deadline_exceeded")), retry, retry},
      {"502", answer(502, "text/html", "<html>bad gateway"), retry, retry},
      {"503", answer(503, "text/plain", ""), retry, retry},
      {"501 connect", answer(501, kJson, connect("unimplemented")), give_up, give_up},
      {"501 plain", answer(501, "text/plain", ""), give_up, give_up},
      {"refused", failure(FailureKind::kConnect, "connection refused by 127.0.0.1:4040"), retry, retry},
      {"dns", failure(FailureKind::kResolve, "no such host"), retry, retry},
      {"tls", failure(FailureKind::kTls, "certificate"), retry, retry},
      {"timeout", failure(FailureKind::kTimeout, "no answer"), retry, retry},
      {"plain HTTP on a TLS port", std::unexpected(http::not_tls("h:1")), hold, hold},
      {"no HTTP", std::unexpected(http::not_http("h:1", "x")), hold, hold},
      {"cut answer", std::unexpected(http::cut_answer("h:1", 5)), retry, retry},
  };
  for (const auto& c : cases) {
    for (const bool ingest : {false, true}) {
      const Reply reply =
          classify(c.result, {.retry_on_http_429 = c.retry_429, .timeout = seconds(10)}, ingest);
      EXPECT_EQ(to_string(reply.verdict), to_string(ingest ? c.ingest : c.push))
          << c.what << " ingest=" << ingest;
      if (reply.verdict == done) continue;
      EXPECT_FALSE(reply.sentence.empty()) << c.what;
      EXPECT_FALSE(reply.error.empty()) << c.what;
      EXPECT_FALSE(reply.code.empty()) << c.what;
      if (reply.verdict == give_up) {
        EXPECT_FALSE(reply.reason.empty()) << c.what;
      }
    }
  }
}

TEST(Reply, SpeaksPlainly) {
  const ReplyContext context{.timeout = seconds(10), .url = "http://pyroscope:4040"};
  const struct {
    std::expected<http::Response, http::Failure> result;
    const char* part;
  } cases[] = {
      {answer(401, "text/plain", ""),
       "401 Unauthorized: the server refused the credentials; check basic_auth"},
      {answer(404, "text/html", "<html>"),
       "wrong url? Pyroscope's push path was not found under http://pyroscope:4040"},
      {answer(200, "text/html; charset=utf-8", "<html>"),
       "the answer is a web page, not Pyroscope's: a proxy in between?"},
      {answer(502, "text/html", "<html>"), "502 Bad Gateway: the answer is a web page"},
      {answer(413, "text/plain", ""), "413"},
      {answer(302, "", "", {{"Location", "https://sso/login"}}), "https://sso/login"},
      {answer(429, kJson, R"({"code":"resource_exhausted","message":"push rate limit (4.0 MiB) exceeded"})"),
       "push rate limit (4.0 MiB) exceeded"},
      {answer(503, "text/plain", ""), "the server is in trouble"},
      {failure(FailureKind::kConnect, "connection refused by 127.0.0.1:4040"),
       "connection refused by 127.0.0.1:4040: does Pyroscope run there?"},
      {failure(FailureKind::kResolve, "no address found for host \"x\""), "\"x\": is the url right?"},
      {failure(FailureKind::kTimeout, "x"), "no answer within 10s; raise remote_timeout"},
  };
  for (const auto& c : cases) EXPECT_THAT(classify(c.result, context).sentence, HasSubstr(c.part));
}

TEST(Reply, ARedirectThatLosesTheBodyDeliversNothing) {
  http::Response lost = answer(200, "application/proto", "");
  lost.url = "https://pyroscope/push.v1.PusherService/Push";
  lost.body_lost = true;
  for (const bool ingest : {false, true}) {
    const Reply reply = classify(lost, {}, ingest);
    EXPECT_EQ(reply.verdict, Verdict::kHold);
    EXPECT_EQ(reply.mistake, Mistake::kAddress);
    EXPECT_THAT(reply.sentence, HasSubstr("redirects to https://pyroscope/push.v1.PusherService/Push"));
  }
  lost.status = 405;
  lost.status_line = "405 Method Not Allowed";
  EXPECT_THAT(classify(lost, {}).sentence, HasSubstr("write that address into url"));
  EXPECT_THAT(classify(answer(304, "", ""), {}).sentence, HasSubstr("redirects to nowhere"));
}

TEST(Reply, ErrorsHaveTheDocumentedForm) {
  EXPECT_EQ(classify(answer(400, kJson, connect("invalid_argument")), {}).error, "invalid_argument: why");
  EXPECT_EQ(classify(answer(413, "text/plain", "zzz"), {}).error,
            "unknown: 413 " + std::string(http::status_text(413)) + " (zzz)");
  EXPECT_EQ(classify(answer(404, "text/plain", ""), {}).error, "unimplemented: 404 Not Found");
  EXPECT_EQ(classify(answer(422, "text/plain", "bad profile\n"), {}, true).error,
            "remote error: pyroscope write error: status=422 msg=bad profile");
  EXPECT_EQ(classify(answer(200, "text/html", ""), {}).error,
            "unknown: invalid content-type: \"text/html\"; expecting \"application/proto\"");
}

TEST(Reply, AnErrorBodyIsCutAndCleaned) {
  const Reply reply =
      classify(answer(422, "text/plain", "line\r\n\x1b[31m" + std::string(100'000, 'x')), {}, true);
  EXPECT_LT(reply.error.size(), 2200u);
  EXPECT_LT(reply.sentence.size(), 500u);
  EXPECT_EQ(reply.error.find('\n'), std::string::npos);
  EXPECT_EQ(reply.error.find('\x1b'), std::string::npos);
}

TEST(Reply, ARateLimitIsReadWithItsSizes) {
  const auto rate = [](const std::string& message) { return parse_rate(message); };
  const auto said = rate("push rate limit (4.0 MiB) exceeded while adding 2.2 MiB");
  ASSERT_TRUE(said);
  EXPECT_DOUBLE_EQ(said->limit_bytes, 4.0 * (1 << 20));
  EXPECT_DOUBLE_EQ(said->profile_bytes, 2.2 * (1 << 20));
  EXPECT_DOUBLE_EQ(rate("ingestion rate limit (512 KiB) exceeded while adding 999 B")->profile_bytes, 999);
  for (const char* other :
       {"", "push rate limit (4.0 MiB) exceeded", "rate limit (4) exceeded while adding 2 B",
        "rate limit (0 B) exceeded while adding 2 B", "rate limit (4 MiB) exceeded while adding 2 parsecs",
        ") exceeded while adding 2 B rate limit (4 MiB", "rate limit () exceeded while adding ",
        "limit of 10 GiB per day reached; it resets at 12:00"})
    EXPECT_FALSE(rate(other)) << other;
  const std::string body =
      R"({"code":"resource_exhausted","message":"push rate limit (4.0 MiB) exceeded while adding 2.2 MiB"})";
  EXPECT_TRUE(classify(answer(429, kJson, body), {}).rate);
  EXPECT_TRUE(classify(answer(429, kJson, body), {}, true).rate);
  EXPECT_FALSE(classify(answer(429, "text/plain", "too fast"), {}).rate);
}

TEST(Reply, WhatTheOtherSideSaysIsShownWhateverItIs) {
  const struct {
    std::expected<http::Response, http::Failure> result;
    const char* sentence;
  } cases[] = {
      {answer(403, kJson, R"({"error":{"code":"blocked","id":17}})"),
       R"(403 Forbidden: these credentials may not send profiles here ({"error":{"code":"blocked","id":17}}))"},
      {answer(403, "text/html", "<html><title>Denied</title><p>Support id 17"),
       "403 Forbidden: these credentials may not send profiles here (Denied Support id 17)"},
      {answer(400, "", "Client sent an HTTP request to an HTTPS server.\n"),
       "400 Bad Request: the server speaks HTTPS; write https:// into url instead of http:// (Client sent an "
       "HTTP "
       "request to an HTTPS server.)"},
      {answer(503, "application/x-protobuf", std::string("\x08\x00\xff\xfe\x1b", 5)),
       "503 Service Unavailable: the server is in trouble (5 B of binary data, sent as "
       "application/x-protobuf)"},
      {answer(503, "text/plain", std::string("\x1b\x00\xff", 3), {{"Content-Encoding", "br"}}),
       "503 Service Unavailable: the server is in trouble (3 B of binary data, sent as text/plain)"},
      {std::unexpected(http::not_tls("h:1")),
       "h:1 does not speak TLS (plain HTTP on this port?): are host, port and http:// or https:// in url "
       "right?"},
      {std::unexpected(http::cut_answer("h:1", 5)),
       "h:1 closed the connection in the middle of its answer, after 5 B of the body; the server may have "
       "stored the profile, so it "
       "is sent "
       "only once more"},
  };
  for (const auto& c : cases)
    for (const bool ingest : {false, true}) EXPECT_EQ(classify(c.result, {}, ingest).sentence, c.sentence);
}

TEST(Reply, APathOfAClientThatIsNotFoundHoldsUpNobodyWherePushesArrive) {
  const auto not_found = answer(404, "text/plain", "");
  EXPECT_EQ(classify(not_found, {.proved = true}, true).verdict, Verdict::kGiveUp);
  EXPECT_EQ(classify(not_found, {.proved = true}, false).verdict, Verdict::kHold);
}

TEST(Reply, AGzippedAnswerIsRead) {
  std::string packed;
  codec::Deflater().gzip(connect("resource_exhausted"), packed);
  const Reply reply = classify(answer(429, kJson, packed, {{"Content-Encoding", "gzip"}}), {});
  EXPECT_EQ(reply.code, "resource_exhausted");
  EXPECT_EQ(classify(answer(503, kJson, "not gzip", {{"Content-Encoding", "gzip"}}), {}).verdict,
            Verdict::kRetry);
}

TEST(Reply, RetryAfterIsSecondsOrADate) {
  const UnixNanos now = 784'111'770'000'000'000;  // 1994-11-06T08:49:30Z
  const struct {
    const char* text;
    std::optional<Duration> wait;
  } cases[] = {
      {"120", seconds(120)},
      {" 0 ", seconds(0)},
      {"Sun, 06 Nov 1994 08:49:37 GMT", seconds(7)},
      {"Sun, 06 Nov 1994 08:49:00 GMT", seconds(0)},
      {"Sun, 06 Nov 9999 08:49:00 GMT", std::chrono::hours(24)},
      {"99999999999", std::chrono::hours(24)},
      {"-5", std::nullopt},
      {"", std::nullopt},
      {"soon", std::nullopt},
      {"Sun, 31 Feb 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:49 GMT", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_retry_after(c.text, now), c.wait) << c.text;
  EXPECT_EQ(classify(answer(503, "text/plain", "", {{"Retry-After", "7"}}), {}).retry_after, seconds(7));
}

}  // namespace
}  // namespace invar::delivery
