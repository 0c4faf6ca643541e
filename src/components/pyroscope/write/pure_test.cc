// The pure parts: label rules, backoff, window, replies, and the bytes of requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "base/strings.h"
#include "components/pyroscope/write/backoff.h"
#include "components/pyroscope/write/push_request.h"
#include "components/pyroscope/write/reply.h"
#include "components/pyroscope/write/series_labels.h"
#include "components/pyroscope/write/window.h"
#include "fs/testing/temp_dir.h"
#include "http/testing/fake_transport.h"
#include "pprof/gzip.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_write {
namespace {

using http::FailureKind;
using http::testing::answer;
using http::testing::body_of;
using http::testing::failure;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

// ---- labels (pyroscope-write.md 3)

TEST(SeriesLabels, HiddenLabelsStayBehindOnBothPaths) {
  const Labels in{{"__name__", "cpu"}, {"__delta__", "false"},  {"__address__", "h:1"},
                  {"__meta_a-b", "x"}, {"__param_a b", "\xff"}, {"service_name", "api"},
                  {"env", "dev"}};
  EXPECT_EQ(push_labels(in, {}).value(),
            (Labels{{"__delta__", "false"}, {"__name__", "cpu"}, {"env", "dev"}, {"service_name", "api"}}));
  EXPECT_EQ(ingest_labels(in, {}).value(),
            (Labels{{"__delta__", "false"}, {"__name__", "api"}, {"env", "dev"}, {"service_name", "api"}}));
}

TEST(SeriesLabels, ExternalLabelsOverwriteAndAnEmptyOneRemoves) {
  const Labels in{{"__name__", "cpu"}, {"env", "dev"}, {"zone", "a"}};
  const ExternalLabels external{
      {"env", "prod"}, {"zone", ""}, {"region", "eu"}, {"__hidden__", "sent as is"}};
  EXPECT_EQ(push_labels(in, external).value(),
            (Labels{{"__hidden__", "sent as is"}, {"__name__", "cpu"}, {"env", "prod"}, {"region", "eu"}}));
}

TEST(SeriesLabels, MistakesHaveTheDocumentedTexts) {
  const struct {
    Labels labels;
    const char* text;
  } cases[] = {
      {Labels{}, "service name is required"},
      {Labels{{"__address__", "only hidden"}}, "service name is required"},
      {Labels::from({{"a", "\xff"}}), "invalid label value for a: \xff"},
      {Labels::from({{"", "x"}}), "invalid label name: label name is required"},
      {Labels{{"a-b", "x"}}, "invalid label name: invalid label name: a-b: character is not allowed: '-'"},
      {Labels{{"größe", "x"}},
       "invalid label name: invalid label name: größe: character is not allowed: 'ö'"},
  };
  for (const auto& c : cases) {
    for (const auto& result : {push_labels(c.labels, {}), ingest_labels(c.labels, {})}) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().message, std::string("invalid labels in profile: ") + c.text);
    }
  }
  EXPECT_TRUE(push_labels(Labels{{"a.b_C9", "grün"}}, {}));
}

TEST(SeriesLabels, TheIngestNameIsSafeForItsSyntax) {
  const struct {
    Labels labels;
    const char* name;
  } cases[] = {
      {Labels{{"__name__", "svc"}, {"region", "eu"}, {"env", "prod"}}, "svc{env=prod,region=eu}"},
      {Labels{{"__name__", "app"}}, "app{}"},
      {Labels{{"env", "prod"}}, "{env=prod}"},
      {Labels{{"__name__", "a{b"}, {"k", "x,y}z={ w"}}, "a_b{k=x_y_z={ w}"},
  };
  for (const auto& c : cases) EXPECT_EQ(ingest_name(c.labels), c.name);
}

// ---- backoff (5)

TEST(Backoff, TheFirstTwelveWaitsLieInTheirBounds) {
  const double low[] = {0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256};
  const double high[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};
  for (const std::uint64_t random : {std::uint64_t{0}, UINT64_MAX, std::uint64_t{0x123456789abcdef}}) {
    Backoff backoff;
    for (int i = 0; i < 12; ++i) {
      const double wait = std::chrono::duration<double>(backoff.next({}, random)).count();
      EXPECT_GE(wait, low[i]) << i;
      EXPECT_LT(wait, high[i]) << i;
    }
  }
}

TEST(Backoff, WaitsAreExactWhereTheBoundsMeet) {
  Backoff same;
  EXPECT_EQ(same.next({seconds(3), seconds(3), 0}, 77), seconds(3));
  EXPECT_EQ(same.next({seconds(3), seconds(3), 0}, 99), seconds(3));
  Backoff crossed;  // min > max
  EXPECT_EQ(crossed.next({seconds(9), seconds(3), 0}, 77), seconds(9));
  Backoff zero;
  EXPECT_EQ(zero.next({seconds(0), seconds(0), 0}, 77), seconds(0));
}

TEST(Backoff, CountsAttemptsAsTheOriginalDoes) {
  const struct {
    std::int64_t max_retries;
    int attempts;
  } cases[] = {{1, 1}, {3, 3}, {10, 10}, {-1, 1}};
  for (const auto& c : cases) {
    Backoff backoff;
    int attempts = 0;
    do {
      ++attempts;
      (void)backoff.next({milliseconds(1), milliseconds(1), c.max_retries}, 0);
    } while (!backoff.exhausted({milliseconds(1), milliseconds(1), c.max_retries}));
    EXPECT_EQ(attempts, c.attempts);
  }
  Backoff endless;
  for (int i = 0; i < 1000; ++i) (void)endless.next({milliseconds(1), seconds(1), 0}, 0);
  EXPECT_FALSE(endless.exhausted({milliseconds(1), seconds(1), 0}));
}

TEST(WindowTest, GrowsSlowlyAndHalvesOncePerRound) {
  Window window;
  EXPECT_EQ(window.limit(), 8u);
  EXPECT_TRUE(window.on_congestion(3, 8));
  EXPECT_FALSE(window.on_congestion(5, 9));  // was under way already
  EXPECT_EQ(window.limit(), 4u);
  EXPECT_TRUE(window.on_congestion(9, 9));
  EXPECT_TRUE(window.on_congestion(10, 10));
  EXPECT_TRUE(window.on_congestion(11, 11));
  EXPECT_EQ(window.limit(), 1u);
  for (int i = 0; i < 2000; ++i) window.on_success();
  EXPECT_EQ(window.limit(), 32u);
}

TEST(WindowTest, IsSoonBackWhereItWasAfterAnOutage) {
  Window window;
  for (int i = 0; i < 200; ++i) window.on_success();
  const std::size_t before = window.limit();
  for (std::uint64_t flight = 1; flight < 10; ++flight) window.on_congestion(flight, flight);
  EXPECT_EQ(window.limit(), 1u);
  for (int i = 0; i < 5; ++i) window.on_success();
  EXPECT_NEAR(static_cast<double>(window.limit()), static_cast<double>(before) / 2, 1);
}

// ---- replies (5, column "Ours")

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
      {"302", answer(302, "", "", {{"Location", "/login"}}), give_up, give_up},
      {"304", answer(304, "", ""), give_up, give_up},
      {"400 connect", answer(400, kJson, connect("invalid_argument")), give_up, give_up},
      {"400 plain", answer(400, "text/plain", "bad"), give_up, give_up},
      {"401 plain", answer(401, "text/plain", ""), hold, hold},
      {"401 connect", answer(401, kJson, connect("unauthenticated")), hold, hold},
      {"403", answer(403, "text/plain", ""), give_up, give_up},
      {"404", answer(404, "text/plain", "404 page not found"), give_up, give_up},
      {"408", answer(408, "text/plain", ""), retry, retry},
      {"402", answer(402, "text/plain", ""), give_up, give_up},
      {"405", answer(405, "text/plain", ""), give_up, give_up},
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
  };
  for (const auto& c : cases) {
    for (const bool ingest : {false, true}) {
      const Reply reply =
          classify(c.result, {.ingest = ingest, .retry_on_http_429 = c.retry_429, .timeout = seconds(10)});
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
    const Reply reply = classify(lost, {.ingest = ingest});
    EXPECT_EQ(reply.verdict, Verdict::kGiveUp);
    EXPECT_EQ(reply.reason, "redirected");
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
            "unknown: 413 " + std::string(http::status_text(413)));
  EXPECT_EQ(classify(answer(404, "text/plain", "zzz"), {}).error, "unimplemented: 404 Not Found");
  EXPECT_EQ(classify(answer(422, "text/plain", "bad profile\n"), {.ingest = true}).error,
            "remote error: pyroscope write error: status=422 msg=bad profile");
  EXPECT_EQ(classify(answer(200, "text/html", ""), {}).error,
            "unknown: invalid content-type: \"text/html\"; expecting \"application/proto\"");
}

TEST(Reply, AnErrorBodyIsCutAndCleaned) {
  const Reply reply =
      classify(answer(422, "text/plain", "line\r\n\x1b[31m" + std::string(100'000, 'x')), {.ingest = true});
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
  EXPECT_TRUE(classify(answer(429, kJson, body), {.ingest = true}).rate);
  EXPECT_FALSE(classify(answer(429, "text/plain", "too fast"), {}).rate);
}

TEST(Reply, AGzippedAnswerIsRead) {
  std::string packed;
  pprof::Deflater().gzip(connect("resource_exhausted"), packed);
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

// ---- requests (4, 7)

pipeline::Profile profile_of(std::string body) {
  pipeline::Profile profile;
  profile.labels = Labels{{"__name__", "cpu"}};
  profile.body = share(std::move(body));
  profile.taken_unix_ns = 1'789'000'000'000'000'000;
  return profile;
}

TEST(PushRequest, HasTheDocumentedBytes) {
  const auto profile = profile_of("\x1f\x8b");
  const http::Request request =
      push_request(make_push(profile, profile.labels, profile.lacks_time), "http://h:4040", {}, seconds(10));
  EXPECT_EQ(invar::hex(body_of(request)),
            "0a170a0f0a085f5f6e616d655f5f1203637075"
            "12040a021f8b");
  EXPECT_EQ(request.body, profile.body);  // shared, not copied
}

TEST(PushRequest, KeepsTheSampleId) {
  auto profile = profile_of("\x1f\x8b");
  profile.id = "id-1";
  EXPECT_EQ(invar::hex(body_of(push_request(make_push(profile, profile.labels, profile.lacks_time),
                                            "http://h", {}, seconds(10)))),
            "0a1d0a0f0a085f5f6e616d655f5f1203637075"
            "120a0a021f8b"
            "120469642d31");
}

TEST(PushRequest, HeadersHaveTheirPrecedence) {
  EndpointHeaders headers;
  headers.headers = {{"X-Scope-OrgID", "squad-1"},   {"user-agent", "mine"},
                     {"Content-Type", "text/plain"}, {"Host", "other"},
                     {"x-invar-id", "forged"},       {"Connect-Timeout-Ms", "1"},
                     {"Accept-Encoding", "br"},      {"Connect-Protocol-Version", "9"}};
  headers.user_agent = "invar/v1 (linux; binary)";
  headers.instance_uid = "uid-1";
  const http::Request request = push_request(make_push(profile_of("x"), Labels{{"a", "b"}}, false),
                                             "http://h:4040/p//", headers, seconds(10));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://h:4040/p/push.v1.PusherService/Push");
  EXPECT_EQ(request.timeout, Duration(seconds(10)));
  const std::pair<const char*, const char*> expected[] = {
      {"X-Scope-OrgID", "squad-1"},
      {"User-Agent", "invar/v1 (linux; binary)"},
      {"Content-Type", "application/proto"},
      {"Host", "other"},
      {"X-Invar-Id", "uid-1"},
      {"Connect-Timeout-Ms", "9999"},
      {"Accept-Encoding", "gzip"},
      {"Connect-Protocol-Version", "1"},
  };
  EXPECT_EQ(request.headers.size(), std::size(expected));
  for (const auto& [name, value] : expected) EXPECT_EQ(request.headers.get(name), value) << name;
  EXPECT_FALSE(request.headers.has("Content-Encoding"));
  EXPECT_FALSE(request.headers.has("traceparent"));
}

TEST(PushRequest, ATimeoutThatTheHeaderCannotSayIsLeftOut) {
  const auto header = [](Duration timeout) {
    return std::string(push_request(make_push(profile_of("x"), {}, false), "http://h", {}, timeout)
                           .headers.get("Connect-Timeout-Ms"));
  };
  EXPECT_EQ(header(milliseconds(2)), "1");
  EXPECT_EQ(header(milliseconds(1)), "");
  EXPECT_EQ(header(std::chrono::hours(2'000'000)), "");  // more than ten digits
}

TEST(PushRequest, ATimeIsAddedOnceToAProfileWithoutOne) {
  pprof::Profile data;
  data.sample_types = {{"cpu", "nanoseconds"}};
  data.samples = {{{}, {7}, {}}};
  const std::string raw = pprof::serialize(data);
  std::string packed;
  pprof::Deflater().gzip(raw, packed);
  for (const std::string& body : {raw, packed}) {
    auto profile = profile_of(body);
    profile.lacks_time = true;
    const Outgoing outgoing = make_push(profile, profile.labels, profile.lacks_time);
    const std::string stamped = body + time_suffix(pprof::is_gzip(body), profile.taken_unix_ns);
    EXPECT_TRUE(body_of(push_request(outgoing, "http://h", {}, seconds(1))).ends_with(stamped));
    std::string scratch;
    const auto summary = pprof::validate_body(stamped, "", 1 << 20, scratch);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->time_unix_ns, profile.taken_unix_ns);
    EXPECT_EQ(summary->samples, 1u);
  }
}

TEST(PushRequest, GoReadsAStampedProfile) {
  if (std::system("command -v go >/dev/null 2>&1") != 0) GTEST_SKIP() << "go is not installed";
  pprof::Profile data;
  data.sample_types = {{"cpu", "nanoseconds"}};
  data.functions = {{1, "main.work", "", "", 0}};
  data.locations = {{1, 0, 0, {{1, 0, 0}}, false}};
  data.samples = {{{1}, {7}, {}}};
  std::string packed;
  pprof::Deflater().gzip(pprof::serialize(data), packed);
  const fs::testing::TempDir dir;
  const std::string path = dir.write("stamped", packed + time_suffix(true, 1'789'000'000'000'000'000));
  std::FILE* pipe = ::popen(("TZ=UTC go tool pprof -raw " + path + " 2>&1").c_str(), "r");
  std::string out(65536, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), pipe));
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_THAT(out, HasSubstr("main.work"));
  EXPECT_THAT(out, HasSubstr("2026-09-10"));
}

TEST(IngestRequest, KeepsEverythingButTheName) {
  pipeline::Profile profile = profile_of("raw body");
  profile.kind = pipeline::BodyKind::kIngest;
  profile.ingest = std::make_shared<const pipeline::IngestInfo>(
      pipeline::IngestInfo{"/ingest",
                           "until=2&name=old%7Ba%3Db%7D&from=1&units=a+b&from=0&broken=%zz",
                           {"multipart/form-data; boundary=b", "second"}});
  EndpointHeaders headers;
  headers.headers = {{"X-Scope-OrgID", "t"}, {"Content-Type", "text/plain"}, {"host", "other"}};
  headers.user_agent = "invar/v1";
  headers.instance_uid = "uid-1";
  const Outgoing outgoing =
      make_ingest(profile, Labels{{"__name__", "svc"}, {"env", "prod"}, {"region", "eu"}});
  const http::Request request = ingest_request(outgoing, "http://h:4040/p/", headers, seconds(10));
  EXPECT_EQ(request.url,
            "http://h:4040/p/ingest?from=1&from=0&name=svc%7Benv%3Dprod%2Cregion%3Deu%7D&units=a+b&until=2");
  EXPECT_EQ(body_of(request), "raw body");
  std::vector<std::string> types;
  for (const auto& [name, value] : request.headers)
    if (name == "Content-Type") types.push_back(value);
  EXPECT_EQ(types, profile.ingest->content_types);
  EXPECT_EQ(request.headers.get("User-Agent"), "invar/v1");
  EXPECT_EQ(request.headers.get("X-Invar-Id"), "uid-1");
  EXPECT_FALSE(request.headers.has("Host"));
  EXPECT_FALSE(request.headers.has("Connect-Protocol-Version"));

  pipeline::Profile plain = profile;
  plain.ingest = std::make_shared<const pipeline::IngestInfo>(pipeline::IngestInfo{"/ingest", "", {}});
  const http::Request untyped = ingest_request(make_ingest(plain, {}), "http://h", {}, seconds(1));
  EXPECT_FALSE(untyped.headers.has("Content-Type"));
  EXPECT_EQ(untyped.url, "http://h/ingest?name=%7B%7D");
}

TEST(IngestRequest, PathsAreJoinedClean) {
  EXPECT_EQ(join_path("/p/", "/ingest"), "/p/ingest");
  EXPECT_EQ(join_path("", "/ingest"), "/ingest");
  EXPECT_EQ(join_path("/a/b", "/../../../x"), "/x");
  EXPECT_EQ(join_path("/", "/"), "/");
}

}  // namespace
}  // namespace invar::components::pyroscope_write
