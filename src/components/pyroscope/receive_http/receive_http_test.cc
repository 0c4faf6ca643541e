// The component behind a network without sockets: what requests become, and what their clients hear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/wire.h"
#include "component/testing/component_harness.h"
#include "components/pyroscope/receive_http/arguments.h"
#include "components/pyroscope/receive_http/component.h"
#include "components/pyroscope/receive_http/vain_clients.h"
#include "pipeline/testing/recording_receiver.h"
#include "pprof/testing/random_profile.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using namespace std::chrono_literals;
using pipeline::Answer;
using pipeline::BodyKind;
using pipeline::Outcome;
using pipeline::testing::RecordingReceiver;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kAddress = ":8080";
constexpr const char* kPush = "/push.v1.PusherService/Push";

std::string proto_field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  codec::wire::append_field(out, number, bytes);
  return out;
}

std::string series(std::initializer_list<std::pair<const char*, const char*>> labels,
                   std::initializer_list<const char*> bodies) {
  std::string out;
  for (const auto& [name, value] : labels)
    out += proto_field(1, proto_field(1, name) + proto_field(2, value));
  for (const char* body : bodies)
    out += proto_field(2, proto_field(1, body) + proto_field(2, std::string("id-") + body));
  return proto_field(1, out);
}

class ReceiveHttpTest : public ::testing::Test {
 protected:
  using Pending = std::shared_ptr<std::optional<http::ServerResponse>>;
  ReceiveHttpTest() { arguments_.forward_to = {downstream_}; }

  Result<> build() { return h_.build(registration_, arguments_); }
  Result<> update() { return h_.update(registration_, arguments_); }
  Pending begin(std::string target, std::string body, http::Headers headers = {},
                std::string method = "POST") {
    http::ServerRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    request.body = std::move(body);
    auto pending = h_.network.send(address_, std::move(request));
    h_.loop.run_until_idle();
    return pending;
  }
  http::ServerResponse send(std::string target, std::string body, http::Headers headers = {},
                            std::string method = "POST") {
    const auto pending = begin(std::move(target), std::move(body), std::move(headers), std::move(method));
    EXPECT_TRUE(*pending) << "no answer";
    return pending->value_or(http::ServerResponse{});
  }
  http::ServerResponse push(std::string body, http::Headers headers = {}) {
    if (!headers.has("Content-Type")) headers.add("Content-Type", "application/proto");
    return send(kPush, std::move(body), std::move(headers));
  }

  component::Registration registration_ = registration();
  component::testing::ComponentHarness h_{"pyroscope.receive_http.x"};
  std::shared_ptr<RecordingReceiver> downstream_ = std::make_shared<RecordingReceiver>();
  Arguments arguments_;
  std::string address_ = kAddress;
};

TEST_F(ReceiveHttpTest, APushedSampleIsOneProfileWithItsLabelsAndId) {
  ASSERT_TRUE(build());
  h_.loop.set_unix_ns(77);
  const auto answer = push(series({{"service_name", "cart"}, {"__name__", "cpu"}, {"gone", ""}}, {"a", "b"}) +
                           series({{"__name__", "memory"}}, {"c"}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/proto");
  ASSERT_EQ(downstream_->taken.size(), 3u);
  const auto& first = *downstream_->taken[0];
  EXPECT_EQ(first.labels, (Labels{{"__name__", "cpu"}, {"service_name", "cart"}})) << "labels are left alone";
  EXPECT_EQ(*first.body, "a");
  EXPECT_EQ(first.id, "id-a");
  EXPECT_EQ(first.taken_unix_ns, 77);
  EXPECT_EQ(first.kind, BodyKind::kPprof);
  EXPECT_EQ(*downstream_->taken[1]->body, "b");
  EXPECT_EQ(downstream_->taken[2]->labels.get("service_name"), "unspecified");
}

TEST_F(ReceiveHttpTest, PushTakesJsonGzipAndSeriesWithoutSamples) {
  ASSERT_TRUE(build());
  const std::string json =
      R"({"series":[{"labels":[{"name":"__name__","value":"cpu"}],"samples":[{"rawProfile":"YQ=="}]}]})";
  EXPECT_EQ(push(json, {{"Content-Type", "application/json"}}).body, "{}");
  EXPECT_EQ(push(pprof::testing::gzipped(json),
                 {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}})
                .status,
            200);
  EXPECT_EQ(
      push(pprof::testing::gzipped(series({{"__name__", "cpu"}}, {"a"})), {{"Content-Encoding", "gzip"}})
          .status,
      200);
  EXPECT_EQ(push(series({{"__name__", "cpu"}}, {std::string(300 << 10, 'x').c_str()})).status, 200)
      << "decoded on the pool";
  EXPECT_EQ(downstream_->taken.size(), 4u);
  EXPECT_EQ(push(series({{"__name__", "cpu"}}, {})).status, 200);
  EXPECT_EQ(downstream_->taken.size(), 4u);
}

TEST_F(ReceiveHttpTest, WhatCannotBeDecodedIsTheClientsMistakeAndNothingIsPassedOn) {
  arguments_.http.max_body_bytes = 1000;
  ASSERT_TRUE(build());
  const auto expect = [&](const http::ServerResponse& answer, const char* text) {
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
    EXPECT_THAT(answer.body, HasSubstr("\"code\":\"invalid_argument\""));
    EXPECT_THAT(answer.body, HasSubstr(text));
  };
  expect(push("hello world"), "cannot parse invalid wire-format data");
  expect(push("no gzip", {{"Content-Encoding", "gzip"}}), "get decompressor: gzip: invalid header");
  expect(push(pprof::testing::gzipped(std::string(2000, 'x')), {{"Content-Encoding", "gzip"}}),
         "decompress: ");
  expect(push("[]", {{"Content-Type", "application/json"}}), "(line 1:1): object expected, not array");
  EXPECT_TRUE(downstream_->taken.empty());
}

TEST_F(ReceiveHttpTest, RefusalsSayWhichSeriesAndWhetherToComeAgain) {
  ASSERT_TRUE(build());
  const std::string body = series({{"__name__", "cpu"}, {"service_name", "a"}}, {"x"});
  downstream_->answer = {Outcome::kRefused, "invalid labels in profile: duplicate", true};
  auto answer = push(body);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body,
            "{\"code\":\"invalid_argument\",\"message\":\"unable to append series {__name__=\\\"cpu\\\", "
            "service_name=\\\"a\\\"} to appendable 0: invalid labels in profile: duplicate\"}");
  EXPECT_THAT(push(series({{"__name__", "cpu"}}, {"x"})).body,
              HasSubstr("series {__name__=\\\"cpu\\\"} to appendable 0: invalid"))
      << "as the client wrote them";
  downstream_->answer = {Outcome::kRefused, "queue full"};
  answer = push(body + body);
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("\"code\":\"unavailable\""));
  EXPECT_THAT(answer.body, HasSubstr("queue full\\nunable to append"));

  answer = send("/ingest?name=app", "x");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "queue full\n");
  downstream_->answer = {Outcome::kRefused, "invalid labels in profile: no", true};
  EXPECT_EQ(send("/ingest?name=app", "x").status, 400);
}

TEST_F(ReceiveHttpTest, AnAnswerWaitsUntilEveryProfileIsKeptAndNotLonger) {
  ASSERT_TRUE(build());
  downstream_->hold = true;
  const auto pending =
      begin(kPush, series({{"__name__", "cpu"}}, {"a", "b"}), {{"Content-Type", "application/proto"}});
  const auto ingest = begin("/ingest?name=app", "x");
  EXPECT_FALSE(*pending);
  EXPECT_THAT(h_.metric_lines("pyroscope_receive_http_inflight_requests{"),
              HasSubstr("\"push_v1_pusherservice\"} 1"));
  downstream_->held.at(1)({});
  EXPECT_FALSE(*pending);
  h_.loop.advance(40ms);
  downstream_->held.at(0)({});
  ASSERT_TRUE(*pending);
  EXPECT_EQ((*pending)->status, 200);
  EXPECT_FALSE(*ingest);
  downstream_->held.at(2)({});
  EXPECT_EQ((*ingest)->status, 200);
  EXPECT_THAT(h_.metric_lines("pyroscope_receive_http_inflight_requests{"),
              HasSubstr("\"push_v1_pusherservice\"} 0"));
  EXPECT_THAT(
      h_.metric_lines("pyroscope_receive_http_request_duration_seconds_sum"),
      HasSubstr("method=\"POST\",route=\"push_v1_pusherservice\",status_code=\"200\",ws=\"false\"} 0.04"));
}

TEST_F(ReceiveHttpTest, IngestBodiesPassUntouchedWithQueryAndContentTypes) {
  ASSERT_TRUE(build());
  const std::string body("--b\r\n\0\xff anything", 16);
  const auto answer = send("/ingest?name=test.app%7Benv%3Dprod%7D&from=1&format=jfr&sampleRate=100", body,
                           {{"Content-Type", "multipart/form-data; boundary=b"}, {"content-type", "second"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  ASSERT_EQ(downstream_->taken.size(), 1u);
  const auto& profile = *downstream_->taken[0];
  EXPECT_EQ(profile.kind, BodyKind::kIngest);
  EXPECT_EQ(*profile.body, body);
  EXPECT_EQ(profile.labels,
            (Labels{{"__name__", "test.app"}, {"env", "prod"}, {"service_name", "test.app"}}));
  EXPECT_EQ(profile.ingest->path, "/ingest");
  EXPECT_EQ(profile.ingest->query, "name=test.app%7Benv%3Dprod%7D&from=1&format=jfr&sampleRate=100");
  EXPECT_THAT(profile.ingest->content_types,
              ::testing::ElementsAre("multipart/form-data; boundary=b", "second"));
  EXPECT_NE(profile.taken_unix_ns, 0);
}

TEST_F(ReceiveHttpTest, AMissingOrBrokenNameIsTheClientsMistake) {
  ASSERT_TRUE(build());
  for (const char* target : {"/ingest", "/ingest?from=1", "/ingest?name=app;x=1", "/ingest?name="}) {
    const auto answer = send(target, "x");
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.body, "the parameter \"name\": service name is required\n");
  }
  EXPECT_THAT(send("/ingest?name=a%20b", "x").body, HasSubstr("character is not allowed: ' '"));
  EXPECT_TRUE(downstream_->taken.empty());
}

TEST_F(ReceiveHttpTest, EveryPathThatAPyroscopeServerTakesProfilesAtIsServed) {
  ASSERT_TRUE(build());
  for (const char* path : {"/ingest", "/ingest/", "//ingest", "/pyroscope/ingest", "//pyroscope//ingest//"})
    EXPECT_EQ(send(std::string(path) + "?name=app", "x").status, 200) << path;
  for (const auto& profile : downstream_->taken) EXPECT_EQ(profile->ingest->path, "/ingest");
  for (const char* path : {kPush, "/pyroscope/push.v1.PusherService/Push", "/push.v1.PusherService//Push/"})
    EXPECT_EQ(
        send(path, series({{"__name__", "cpu"}}, {"a"}), {{"Content-Type", "application/proto"}}).status, 200)
        << path;
  EXPECT_EQ(downstream_->taken.size(), 8u);
  EXPECT_EQ(send("/ready", "", {}, "GET").body, "ready\n");
  EXPECT_EQ(h_.log_count("lead nowhere"), 0);
}

TEST_F(ReceiveHttpTest, ARequestThatLeadsNowhereIsToldWhereToGo) {
  ASSERT_TRUE(build());
  for (const char* path : {"/", "/ingest/x", "/api/v1/push", "/push.v1.PusherService/Pull"}) {
    const auto answer = send(path, "x");
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("taken by POST at /ingest and /push.v1.PusherService/Push"));
  }
  for (const char* path : {"/ingest", kPush})
    for (const char* method : {"GET", "OPTIONS", "PUT", "BREW"}) {
      const auto answer = send(path, "", {}, method);
      EXPECT_EQ(answer.status, 405);
      EXPECT_EQ(answer.body, std::string("profiles are sent here by POST, not by ") + method + "\n");
      EXPECT_EQ(answer.headers.get("Allow"), "POST");
    }
  EXPECT_EQ(send("/v1development/profiles", "x").status, 501);
  const std::string lines = h_.metric_lines("pyroscope_receive_http_request_duration_seconds_count");
  EXPECT_THAT(lines, HasSubstr("method=\"other\",route=\"other\",status_code=\"405\""))
      << "methods are not a way to make series";
  EXPECT_THAT(lines, HasSubstr("method=\"POST\",route=\"other\",status_code=\"404\""));
}

TEST_F(ReceiveHttpTest, AClientThatKnocksInVainIsSeen) {
  ASSERT_TRUE(build());
  const auto knock = [&](std::string path, std::string agent) {
    send(std::move(path), "x", {{"User-Agent", std::move(agent)}});
  };
  knock("/api/ingest?name=a", "pyroscope-go/1.2");
  knock("/api/ingest?name=b", "pyroscope-go/1.2");
  knock("/api/ingest", "\x1b[2Jother");
  EXPECT_EQ(h_.log_count("lead nowhere"), 2) << "once for each client";
  EXPECT_EQ(h_.log_count("\x1b"), 0);
  EXPECT_THAT(h_.metric_lines("pyroscope_receive_http_requests_in_vain_total"),
              HasSubstr("status_code=\"404\"} 3"));
  const auto rows = h_.component->debug_info().statements;
  ASSERT_EQ(rows.back().name, "client_in_vain");
  const auto& row = rows.back().body->statements;
  EXPECT_EQ(row.at(1).value->as_string(), "/api/ingest");
  EXPECT_EQ(h_.component->problems(component::Severity::kDegraded).size(), 2u);
  h_.loop.advance(VainClients::kForget);
  EXPECT_TRUE(h_.component->problems(component::Severity::kDegraded).empty()) << "what is over is no problem";
  EXPECT_NE(h_.component->debug_info().statements.back().name, "client_in_vain");
  knock("/api/ingest", "pyroscope-go/1.2");
  EXPECT_EQ(h_.log_count("lead nowhere"), 3) << "it is news again";
}

TEST_F(ReceiveHttpTest, VisitorsWithManyNamesDoNotFillTheMemory) {
  ASSERT_TRUE(build());
  for (int i = 0; i < 1000; ++i) send("/" + std::to_string(i), "x");
  std::size_t rows = 0;
  for (const auto& statement : h_.component->debug_info().statements)
    rows += statement.name == "client_in_vain";
  EXPECT_EQ(rows, VainClients::kMost);
}

TEST_F(ReceiveHttpTest, AnEmptyBodyIsNoSuccess) {
  ASSERT_TRUE(build());
  const auto ingested = send("/ingest?name=app", "");
  EXPECT_EQ(ingested.status, 400);
  EXPECT_EQ(ingested.body, "the body is empty: there is no profile in this request\n");
  const auto pushed = push("");
  EXPECT_EQ(pushed.status, 400);
  EXPECT_THAT(pushed.body, HasSubstr("\"code\":\"invalid_argument\",\"message\":\"the message is empty"));
  EXPECT_EQ(h_.log_count("lead nowhere"), 2);
  EXPECT_TRUE(downstream_->taken.empty());
}

TEST_F(ReceiveHttpTest, AnEmptyProfileDoesNotHoldUpTheGoodOnes) {
  ASSERT_TRUE(build());
  const auto answer =
      push(series({{"__name__", "cpu"}}, {"a", "", "b"}) + series({{"__name__", "memory"}}, {"c"}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(
      answer.body,
      HasSubstr(R"(series {__name__=\"cpu\"}: empty profile\n3 of 4 profiles of this request were taken)"));
  EXPECT_EQ(downstream_->taken.size(), 3u);
}

TEST_F(ReceiveHttpTest, ALabelWithoutANameIsRefusedAndDoesNotHoldUpTheOthers) {
  ASSERT_TRUE(build());
  const auto answer =
      push(series({{"__name__", "cpu"}, {"", "x"}}, {"a", "b"}) + series({{"__name__", "memory"}}, {"c"}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("invalid label name: label name is required"));
  EXPECT_THAT(answer.body, HasSubstr("1 of 3 profiles of this request were taken"));
  EXPECT_EQ(downstream_->taken.size(), 1u);
}

TEST_F(ReceiveHttpTest, MoreRequestsThanMayWaitAreSentAway) {
  arguments_.http.max_concurrent_requests = 1;
  ASSERT_TRUE(build());
  downstream_->hold = true;
  const auto first = begin("/ingest?name=app", "x");
  EXPECT_FALSE(*first);
  const auto second = send("/ingest?name=app", "x");
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(second.headers.get("Retry-After"), "1");
  EXPECT_THAT(push(series({{"__name__", "cpu"}}, {"a"})).body, HasSubstr("\"code\":\"unavailable\""));
  downstream_->held.at(0)({});
  EXPECT_EQ((*first)->status, 200);
  downstream_->hold = false;
  EXPECT_EQ(send("/ingest?name=app", "x").status, 200);
}

TEST_F(ReceiveHttpTest, TwoReceiversGetTheSameProfileOnceEach) {
  auto other = std::make_shared<RecordingReceiver>();
  other->hold = true;
  arguments_.forward_to.push_back(other);
  ASSERT_TRUE(build());
  const auto pending = begin("/ingest?name=app", "x");
  EXPECT_FALSE(*pending) << "the slower one decides";
  other->held.at(0)({});
  EXPECT_EQ((*pending)->status, 200);
  EXPECT_EQ(downstream_->taken, other->taken);
  EXPECT_EQ(other->taken.size(), 1u);
}

TEST_F(ReceiveHttpTest, ListensOnOneAddressOnlyAndNeverForGrpc) {
  arguments_.grpc = Grpc{};
  arguments_.http.http2 = Http2{.enabled = true};
  ASSERT_TRUE(build());
  ASSERT_TRUE(update());
  EXPECT_EQ(h_.network.listening().size(), 1u);
  EXPECT_EQ(h_.log_count("grpc has no effect"), 1);
  EXPECT_EQ(h_.log_count("http2.enabled has no effect"), 1);
}

TEST_F(ReceiveHttpTest, LimitsAndSecurityReachTheServerAndChangeUnderIt) {
  arguments_.http.basic_auth = BasicAuth{"sdk", {"secret"}};
  ASSERT_TRUE(build());
  auto options = h_.network.listening().at(kAddress);
  EXPECT_EQ(options.max_connections, 16384u);
  EXPECT_EQ(options.max_body_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(options.read_timeout, Duration(30s));
  EXPECT_EQ(options.write_timeout, Duration(30s));
  EXPECT_EQ(options.idle_timeout, Duration(120s));
  EXPECT_EQ(options.auth->username, "sdk");
  arguments_.http.conn_limit = 0;
  arguments_.http.max_body_bytes = 7;
  arguments_.http.basic_auth.reset();
  auto before = downstream_;
  downstream_ = std::make_shared<RecordingReceiver>();
  arguments_.forward_to = {downstream_};
  ASSERT_TRUE(update());
  options = h_.network.listening().at(kAddress);
  EXPECT_EQ(options.max_connections, 0u);
  EXPECT_EQ(options.max_body_bytes, 7u);
  EXPECT_FALSE(options.auth);
  send("/ingest?name=app", "x");
  EXPECT_TRUE(before->taken.empty());
  EXPECT_EQ(downstream_->taken.size(), 1u);
  options.on_cut_request();
  EXPECT_THAT(h_.metric_lines("pyroscope_receive_http_cut_requests_total"), EndsWith(" 1\n"));
}

TEST_F(ReceiveHttpTest, WhatTheServerRefusesByItselfShowsItsClient) {
  ASSERT_TRUE(build());
  const auto options = h_.network.listening().at(kAddress);
  http::ServerRequest request;
  request.method = "POST";
  request.target = "/ingest?name=a";
  request.peer = "10.0.0.7:4321";
  for (int i = 0; i < 3; ++i)
    options.on_refused_request(request, 401, "no credentials, or not those that are configured");
  EXPECT_THAT(h_.metric_lines("pyroscope_receive_http_requests_in_vain_total"),
              HasSubstr("status_code=\"401\"} 3"));
  EXPECT_EQ(h_.log_count("lead nowhere"), 1);
  const auto problems = h_.component->problems(component::Severity::kDegraded);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].what, "10.0.0.7 /ingest");
  EXPECT_EQ(problems[0].sentence, "no credentials, or not those that are configured");
}

TEST_F(ReceiveHttpTest, ANewAddressIsTakenBeforeTheOldOneIsLeft) {
  ASSERT_TRUE(build());
  downstream_->hold = true;
  const auto pending = begin("/ingest?name=app", "x");
  arguments_.http.listen_address = "127.0.0.1";
  arguments_.http.listen_port = 9999;
  auto other = h_.network.listen()({}, {.listen_address = "127.0.0.1:9999"}, [](auto, auto) {});
  const auto failed = update();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message,
            "failed to create server: failed to listen on 127.0.0.1:9999: address already in use");
  EXPECT_EQ(h_.network.listening().count(kAddress), 1u) << "the old one still listens";
  other->reset();
  ASSERT_TRUE(update());
  EXPECT_EQ(h_.network.listening().count(kAddress), 0u);
  EXPECT_EQ(h_.network.listening().count("127.0.0.1:9999"), 1u);
  downstream_->held.at(0)({});
  EXPECT_EQ((*pending)->status, 200) << "what was under way is answered";
}

TEST_F(ReceiveHttpTest, AnAddressOfAComponentThatIsAboutToStopIsWaitedFor) {
  ASSERT_TRUE(build());
  component::testing::ComponentHarness renamed("pyroscope.receive_http.y");
  renamed.network = h_.network;
  renamed.claims = h_.claims;
  const auto together = renamed.build(registration_, arguments_);
  ASSERT_FALSE(together) << "two of one configuration";
  EXPECT_THAT(together.error().message, EndsWith(" is already used by pyroscope.receive_http.x"));
  h_.component->start();
  ASSERT_TRUE(renamed.build(registration_, arguments_));
  EXPECT_EQ(renamed.component->health()->state, component::HealthState::kUnhealthy);
  EXPECT_TRUE(h_.stop());
  h_.loop.run_until_idle();
  EXPECT_FALSE(renamed.component->health());
  EXPECT_EQ(h_.network.listening().size(), 1u);
}

TEST_F(ReceiveHttpTest, AHostsNameIsLookedUpOffTheLoop) {
  arguments_.http.listen_address = "127.1";  // what the system's resolver reads without asking anybody
  h_.pool.set_paused(true);
  ASSERT_TRUE(build());
  h_.loop.advance(1s);
  EXPECT_EQ(h_.component->health()->message, "looking up the host of 127.1:8080");
  EXPECT_TRUE(h_.network.listening().empty());
  h_.pool.set_paused(false);
  h_.loop.run_until_idle();
  EXPECT_FALSE(h_.component->health());
  EXPECT_EQ(h_.network.listening().count("127.0.0.1:8080"), 1u);
}

TEST_F(ReceiveHttpTest, AHostThatHasNoAddressIsLookedUpAgain) {
  arguments_.http.listen_address = std::string(64, 'x');
  ASSERT_TRUE(build());
  h_.loop.advance(1min);
  EXPECT_THAT(h_.component->health()->message, HasSubstr("no address found for host \"xxx"));
  EXPECT_EQ(h_.log_count("cannot listen for profiles yet"), 1);
  arguments_.http.listen_address = "127.0.0.1";
  ASSERT_TRUE(update());
  EXPECT_FALSE(h_.component->health());
  EXPECT_EQ(h_.network.listening().count("127.0.0.1:8080"), 1u);
}

TEST_F(ReceiveHttpTest, StopClosesTheDoor) {
  ASSERT_TRUE(build());
  EXPECT_TRUE(h_.stop());
  EXPECT_TRUE(h_.network.listening().empty());
}

TEST_F(ReceiveHttpTest, AnAnswerThatComesAfterTheEndIsHarmless) {
  ASSERT_TRUE(build());
  downstream_->hold = true;
  const auto pending = begin("/ingest?name=app", "x");
  h_.stop();
  downstream_->held.at(0)({});
  EXPECT_EQ((*pending)->status, 200);
}

TEST(ReceiveHttpArguments, HalfATlsConfigurationIsAnError) {
  const auto checked = [](Tls tls) -> std::string {
    const syntax::Field* http = arguments_schema().find("http");
    const syntax::Field* field = http->block->find("tls");
    const auto result = field->block->check(&tls);
    return result ? "" : result.error().message;
  };
  EXPECT_EQ(checked({.cert_pem = "c", .key_pem = {"k"}}), "");
  EXPECT_EQ(checked({.cert_pem = "c"}), "must specify either key_pem or key_file");
  EXPECT_EQ(checked({.key_file = "k"}), "must specify either cert_pem or cert_file");
  EXPECT_EQ(checked({.cert_pem = "c", .min_version = "VersionTLS13", .key_pem = {"k"}}), "");
  EXPECT_EQ(checked({.cert_pem = "c", .cipher_suites = "TLS_NOTHING", .key_pem = {"k"}}),
            "unknown cipher \"TLS_NOTHING\"");
  EXPECT_EQ(checked({.cert_pem = "c",
                     .cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256",
                     .key_pem = {"k"}}),
            "");
}

}  // namespace
}  // namespace invar::components::pyroscope_receive_http
