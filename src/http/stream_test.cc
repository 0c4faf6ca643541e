// Streams, idle limits and Unix sockets: the same behaviour on a plain connection of ours and on one of libcurl's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/temp_dir.h"
#include "http/testing/certificates.h"
#include "http/testing/fake_transport.h"
#include "http/testing/harness.h"
#include "http/testing/plain_peer.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using fs::testing::TempDir;
using testing::answer_with;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::PlainPeer;

// What a stream's callbacks saw, in one line: "head 200 | abc | done".
struct Seen {
  std::string heads, body;
  std::size_t parts = 0;
  std::optional<Outcome> outcome;
  [[nodiscard]] std::string end() const {
    if (!outcome) return "open";
    return *outcome ? fmt::format("{} {}", (*outcome)->status, (*outcome)->body) : failure_text(*outcome);
  }
};

// The parameter: over TLS, which is libcurl's, or plain.
class Stream : public ::testing::TestWithParam<bool> {
 protected:
  Stream() {
    if (!GetParam()) return;
    const auto pair = authority.issue({"127.0.0.1", {}, {"127.0.0.1"}});
    dir.write("cert.pem", pair.certificate_pem);
    dir.write("key.pem", pair.key_pem);
    config.tls = TlsConfig{.ca_pem = authority.pem()};
    options.tls = ServerTls{};
    options.tls->cert_file = dir.path("cert.pem");
    options.tls->key_file = dir.path("key.pem");
  }
  std::string url_of(const Server& server, std::string_view path = "/") const {
    return fmt::format("{}://{}{}", GetParam() ? "https" : "http", server.address(), path);
  }
  Request stream(std::string url) {
    Request request;
    request.url = std::move(url);
    request.timeout = kNoTimeout;
    request.on_head = [this](const Response& head) { seen.heads += fmt::format("{};", head.status_line); };
    request.on_body = [this](std::string_view part) {
      seen.body += part;
      ++seen.parts;
    };
    return request;
  }
  std::unique_ptr<Call> send(Request request) {
    return client->send(std::move(request), [this](Outcome outcome) { seen.outcome = std::move(outcome); });
  }

  Harness h;
  TempDir dir;
  testing::Authority authority{"streams"};
  ClientConfig config;
  ServerOptions options;
  std::unique_ptr<Client> client;
  Seen seen;
};
INSTANTIATE_TEST_SUITE_P(Engines, Stream, ::testing::Bool(),
                         [](const auto& p) { return p.param ? "Curl" : "Plain"; });

TEST_P(Stream, PartsAreHandedOverWhileTheyCome) {
  ResponderPtr writer;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) { writer = responder; }, options);
  client = h.client(config);
  const auto call = send(stream(url_of(server)));
  ASSERT_TRUE(h.wait([&] { return writer != nullptr; }));
  writer->start({200, {{"X-A", "1"}}, ""});
  ASSERT_TRUE(h.wait([&] { return !seen.heads.empty(); }));
  EXPECT_EQ(seen.body, "");
  writer->write("one ");
  ASSERT_TRUE(h.wait([&] { return seen.body == "one "; }));
  writer->write("two");
  ASSERT_TRUE(h.wait([&] { return seen.body == "one two"; }));
  EXPECT_EQ(seen.end(), "open");
  writer->finish();
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.end(), "200 ");
  EXPECT_EQ((*seen.outcome)->headers.get("X-A"), "1");
  EXPECT_EQ(seen.heads, "200 OK;");
}

TEST_P(Stream, OnlyTheFinalAnswerIsStreamedAndOnlyIfItIsAGoodOne) {
  Server& server = h.serve(
      [](const ServerRequest& request, const ResponderPtr& responder) {
        if (request.path == "/moved") return responder->send({302, {{"Location", "/good"}}, "elsewhere"});
        if (request.path == "/good") return responder->send({200, {}, "fine"});
        responder->send({404, {}, "no such thing"});
      },
      options);
  client = h.client(config);
  auto call = send(stream(url_of(server, "/moved")));
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.heads + seen.body + seen.end(), "200 OK;fine200 ");
  seen = {};
  call = send(stream(url_of(server, "/bad")));
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.heads + seen.body + seen.end(), "404 no such thing");
}

TEST_P(Stream, AStreamHasNoLimitAndAnErrorPageKeepsItsOwn) {
  const std::string large(3'000'000, 'x');
  Server& server = h.serve(
      [&](const ServerRequest& request, const ResponderPtr& responder) {
        responder->send({request.path == "/good" ? 200 : 500, {}, large});
      },
      options);
  client = h.client(config);
  Request request = stream(url_of(server, "/good"));
  request.max_body_bytes = 1000;
  auto call = send(request);
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.body, large);
  EXPECT_GT(seen.parts, 5u);
  seen = {};
  request.url = url_of(server, "/bad");
  call = send(request);
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_THAT(seen.end(), HasSubstr("is larger than the limit of"));
}

TEST_P(Stream, PausedNothingIsHandedOverAndTheServerIsHeldBack) {
  constexpr std::size_t kPart = 1 << 20;
  constexpr std::size_t kParts = 40;
  ResponderPtr writer;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) { writer = responder; }, options);
  client = h.client(config);
  std::unique_ptr<Call> call;
  Request request = stream(url_of(server));
  bool pause = true;
  request.on_body = [&](std::string_view part) {
    seen.body += part;
    if (pause) call->pause();
  };
  call = send(std::move(request));
  ASSERT_TRUE(h.wait([&] { return writer != nullptr; }));
  writer->start({200, {}, ""});
  for (std::size_t i = 0; i < kParts; ++i) writer->write(std::string(kPart, static_cast<char>('a' + i % 26)));
  writer->finish();
  // What fits into the sockets' buffers leaves the server; the rest has to wait there.
  ASSERT_TRUE(h.wait([&] { return !seen.body.empty(); }));
  const std::size_t first = seen.body.size();
  std::size_t before = 0;
  h.wait([&, same = 0]() mutable {
    same = writer->backlog_bytes() == before ? same + 1 : 0;
    before = writer->backlog_bytes();
    return same > 100;
  });
  EXPECT_GT(before, 20u << 20);
  EXPECT_EQ(seen.body.size(), first);
  // One part at a time, then all.
  call->resume();
  EXPECT_EQ(seen.body.size(), first) << "never from inside resume()";
  ASSERT_TRUE(h.wait([&] { return seen.body.size() > first; }));
  EXPECT_EQ(seen.end(), "open");
  pause = false;
  call->resume();
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  ASSERT_EQ(seen.body.size(), kPart * kParts);
  for (std::size_t i = 0; i < kParts; ++i) ASSERT_EQ(seen.body[i * kPart + kPart / 2], 'a' + i % 26) << i;
  EXPECT_EQ(seen.end(), "200 ");
}

TEST_P(Stream, TheEndWaitsWhilePaused) {
  Server& server = h.serve(
      [](const ServerRequest&, const ResponderPtr& responder) { responder->send({200, {}, "all of it"}); },
      options);
  client = h.client(config);
  std::unique_ptr<Call> call;
  Request request = stream(url_of(server));
  bool paused = false;
  request.on_head = [&](const Response&) {
    call->pause();
    paused = true;
  };
  call = send(std::move(request));
  ASSERT_TRUE(h.wait([&] { return paused; }));
  EXPECT_FALSE(h.wait([&] { return seen.outcome.has_value(); }, 50ms));
  call->resume();
  EXPECT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.end(), "200 ");
  EXPECT_EQ(seen.body, "all of it");
}

TEST_P(Stream, PausedFromTheBeginning) {
  Server& server = h.serve(
      [](const ServerRequest&, const ResponderPtr& responder) { responder->send({200, {}, "all of it"}); },
      options);
  client = h.client(config);
  const auto call = send(stream(url_of(server)));
  call->pause();
  EXPECT_FALSE(h.wait([&] { return seen.outcome || !seen.body.empty() || !seen.heads.empty(); }, 50ms));
  call->resume();
  EXPECT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.heads + seen.body, "200 OK;all of it");
}

TEST_P(Stream, DroppingTheCallInsideAPartEndsTheRequest) {
  ResponderPtr writer;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) { writer = responder; }, options);
  client = h.client(config);
  std::unique_ptr<Call> call;
  Request request = stream(url_of(server));
  request.on_body = [&](std::string_view part) {
    seen.body += part;
    call.reset();
  };
  call = send(std::move(request));
  ASSERT_TRUE(h.wait([&] { return writer != nullptr; }));
  writer->start({200, {}, ""});
  writer->write("one");
  ASSERT_TRUE(h.wait([&] { return !seen.body.empty(); }));
  const auto closed = [&] {
    writer->write("two");
    return !writer->alive();
  };
  EXPECT_TRUE(h.wait(closed)) << "the connection is closed";
  EXPECT_EQ(seen.body, "one");
  EXPECT_EQ(seen.end(), "open");
}

TEST_P(Stream, OneStreamMayEndAllOthers) {
  std::vector<ResponderPtr> writers;
  Server& server =
      h.serve([&](ServerRequest, ResponderPtr responder) { writers.push_back(responder); }, options);
  client = h.client(config);
  std::vector<std::unique_ptr<Call>> calls;
  Request request = stream(url_of(server));
  request.on_body = [&](std::string_view) {
    ++seen.parts;
    calls.clear();
  };
  for (int i = 0; i < 5; ++i) calls.push_back(send(request));
  ASSERT_TRUE(h.wait([&] { return writers.size() == 5; }));
  for (const auto& writer : writers) {
    writer->start({200, {}, ""});
    writer->write("x");
  }
  const auto closed = [](const ResponderPtr& writer) {
    writer->write("x");
    return !writer->alive();
  };
  EXPECT_TRUE(h.wait([&] { return std::ranges::count_if(writers, closed) == 5; }));
  EXPECT_EQ(seen.parts, 1u);
}

TEST_P(Stream, SilenceIsLimitedApartFromTheWhole) {
  ResponderPtr writer;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) { writer = responder; }, options);
  client = h.client(config);
  Request request = stream(url_of(server));
  request.idle_timeout = 400ms;
  const auto call = send(request);
  ASSERT_TRUE(h.wait([&] { return writer != nullptr; }));
  writer->start({200, {}, ""});
  for (int i = 0; i < 6; ++i) {
    writer->write("x");
    h.wait([&, size = seen.body.size()] { return seen.body.size() > size; }, 200ms);
    EXPECT_FALSE(h.wait([&] { return seen.outcome.has_value(); }, 100ms)) << i;
  }
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.end(), fmt::format("timeout: nothing came from {} for 400ms", server.address()));
  EXPECT_EQ(seen.body, "xxxxxx");
}

TEST_P(Stream, AnAnswerThatNeverBeginsIsSilence) {
  Server& server =
      h.serve([kept = std::vector<ResponderPtr>()](const ServerRequest&,
                                                   ResponderPtr r) mutable { kept.push_back(std::move(r)); },
              options);
  client = h.client(config);
  Request request = stream(url_of(server));
  request.idle_timeout = 300ms;
  const auto call = send(request);
  ASSERT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_THAT(seen.end(), HasSubstr("timed out after 300ms waiting for the answer of"));
}

TEST_P(Stream, APausedStreamIsNotIdle) {
  Server& server = h.serve(
      [](const ServerRequest&, const ResponderPtr& responder) { responder->send({200, {}, "x"}); }, options);
  client = h.client(config);
  std::unique_ptr<Call> call;
  Request request = stream(url_of(server));
  request.idle_timeout = 300ms;
  request.on_head = [&](const Response&) { call->pause(); };
  call = send(std::move(request));
  EXPECT_FALSE(h.wait([&] { return seen.outcome.has_value(); }, 500ms));
  call->resume();
  EXPECT_TRUE(h.wait([&] { return seen.outcome.has_value(); }));
  EXPECT_EQ(seen.end(), "200 ");
}

TEST_P(Stream, TheWholeIsLimitedToo) {
  ResponderPtr writer;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) { writer = responder; }, options);
  client = h.client(config);
  Request request = stream(url_of(server));
  request.timeout = 400ms;
  const auto call = send(request);
  ASSERT_TRUE(h.wait([&] { return writer != nullptr; }));
  writer->start({200, {}, ""});
  EXPECT_TRUE(h.wait([&] {
    writer->write("x");
    return seen.outcome.has_value();
  }));
  EXPECT_THAT(seen.end(), HasSubstr("timeout: timed out after 400ms receiving the answer from"));
}

TEST(StreamEnds, ACutStreamSaysHowMuchCame) {
  Harness h;
  PlainPeer peer(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234", true));
  auto client = h.client();
  std::string body;
  Request request;
  request.url = peer.url();
  request.on_body = [&](std::string_view part) { body += part; };
  EXPECT_THAT(failure_text(h.send(*client, std::move(request))),
              HasSubstr("in the middle of its answer, after 4 B"));
  EXPECT_EQ(body, "1234");
}

TEST(StreamEnds, AConnectionServesTheNextRequestAfterAStream) {
  Harness h;
  Server& server = h.serve([](const ServerRequest&, const ResponderPtr& r) { r->send({200, {}, "body"}); });
  auto client = h.client();
  for (int i = 0; i < 3; ++i) {
    std::string body;
    Request request;
    request.url = "http://" + server.address();
    if (i != 1) request.on_body = [&](std::string_view part) { body += part; };
    const Outcome r = h.send(*client, std::move(request));
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(body + r->body, "body");
  }
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("invar_http_client_reused_connections_total{dialer_name=\"test\"} 2\n"));
}

TEST(StreamEnds, AnInProcessPeerIsOnePart) {
  Harness h;
  h.transport().add_peer(make_memory_peer(
      "inside:1", [](const ServerRequest&, const ResponderPtr& r) { r->send({200, {}, "body"}); }));
  auto client = h.client();
  std::string body;
  std::unique_ptr<Call> call;
  std::optional<Outcome> outcome;
  Request request;
  request.url = "http://inside:1/";
  request.on_head = [&](const Response& head) { body += head.status_line + ":"; };
  request.on_body = [&](std::string_view part) { body += part; };
  call = client->send(std::move(request), [&](Outcome o) { outcome = std::move(o); });
  call->pause();
  EXPECT_FALSE(h.wait([&] { return outcome.has_value(); }, 20ms));
  call->resume();
  EXPECT_TRUE(h.wait([&] { return outcome.has_value(); }));
  EXPECT_EQ(body, "200 OK:body");
  EXPECT_EQ((*outcome)->body, "");
}

TEST(FakeStreams, BehaveAsTheRealOnes) {
  async::testing::TestLoop loop;
  testing::FakeTransport transport(loop);
  auto client = *transport.make_client({}, "fake");
  std::string body;
  std::optional<Outcome> outcome;
  Request request;
  request.url = "http://h/";
  request.timeout = kNoTimeout;
  request.idle_timeout = 10s;
  request.on_head = [&](const Response& head) { body += head.status_line + ":"; };
  request.on_body = [&](std::string_view part) { body += part; };
  const auto call = client->send(request, [&](Outcome o) { outcome = std::move(o); });
  const auto exchange = transport.exchanges().back();
  exchange->send_part("one");
  loop.run_until_idle();
  EXPECT_EQ(body, "200 OK:one");
  call->pause();
  exchange->send_part("two");
  loop.run_until_idle();
  EXPECT_EQ(body, "200 OK:one");
  call->resume();
  loop.advance(9s);
  EXPECT_EQ(body, "200 OK:onetwo");
  EXPECT_FALSE(outcome);
  loop.advance(2s);
  EXPECT_THAT(failure_text(*outcome), HasSubstr("timeout: "));
}

// ---- Unix sockets

class UnixSocket : public ::testing::Test {
 protected:
  Request to(std::string path, std::string url = "http://docker/v1/info") const {
    Request request;
    request.url = std::move(url);
    request.unix_socket = std::move(path);
    return request;
  }
  Harness h;
  TempDir dir;
};

TEST_F(UnixSocket, CarriesRequestsAndKeepsItsConnection) {
  PlainPeer peer(
      h.loop(),
      [](const std::string& received) -> PlainPeer::Step {
        return {fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", received.size(), received)};
      },
      dir.path("docker.sock"));
  ClientConfig config;
  config.proxy.proxy_url = "http://127.0.0.1:1";  // never for a socket
  auto client = h.client(config);
  for (int i = 0; i < 3; ++i) {
    const Outcome r = h.send(*client, to(dir.path("docker.sock")));
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_THAT(r->body, HasSubstr("GET /v1/info HTTP/1.1\r\nHost: docker\r\n"));
  }
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(UnixSocket, TwoSocketsAreTwoPeers) {
  PlainPeer one(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"), dir.path("1"));
  PlainPeer two(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"), dir.path("2"));
  auto client = h.client();
  for (const auto* name : {"1", "2", "1"}) {
    const Outcome r = h.send(*client, to(dir.path(name)));
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body, std::string(name) == "1" ? "one" : "two");
  }
}

TEST_F(UnixSocket, FailuresNameTheSocket) {
  auto client = h.client();
  const std::string path = dir.path("none.sock");
  EXPECT_EQ(failure_text(h.send(*client, to(path))),
            fmt::format("connect: cannot connect to unix:{}: No such file or directory", path));
  dir.write("file", "");
  EXPECT_EQ(failure_text(h.send(*client, to(dir.path("file")))),
            fmt::format("connect: connection refused by unix:{}", dir.path("file")));
  EXPECT_EQ(failure_text(h.send(*client, to("/" + std::string(200, 'x')))),
            fmt::format("connect: the path of the socket /{} is longer than 107 characters",
                        std::string(200, 'x')));
}

}  // namespace
}  // namespace invar::http
