// The client against peers in this process: what it sends, how it follows, what it says when things fail.
#include "http/client.h"
#include "fs/testing/temp_dir.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "codec/gzip.h"
#include "http/answer_body.h"
#include "http/testing/harness.h"
#include "http/testing/plain_peer.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using fs::testing::TempDir;
using testing::answer_with;
using testing::echo;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::PlainPeer;

const Handler kEcho = [](ServerRequest request, ResponderPtr responder) { responder->send(echo(request)); };

class ClientTest : public ::testing::Test {
 protected:
  static std::string url(const Server& server, std::string_view path = "/") {
    return "http://" + server.address() + std::string(path);
  }
  // The Authorization header that the echo server saw.
  static std::string authorization(const Outcome& r) {
    if (!r) return failure_text(r);
    const auto at = r->body.find("Authorization: ");
    if (at == std::string::npos) return "none";
    return r->body.substr(at + 15, r->body.find('\n', at) - at - 15);
  }
  Harness h;
  TempDir dir;
};

// ---- what goes out

TEST_F(ClientTest, GetSendsNoHeaderThatNobodyAskedFor) {
  Server& server = h.serve(kEcho);
  auto client = h.client();
  Request request;
  request.url = url(server, "/a/../b?x=1#frag");
  request.headers = {{"User-Agent", "ua"}};
  const Outcome r = h.send(*client, request);
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_EQ(r->body, "GET /a/../b?x=1\nHost: " + server.address() + "\nUser-Agent: ua\n\n");
  EXPECT_EQ(r->status, 200);
  EXPECT_EQ(r->status_line, "200 OK");
  EXPECT_EQ(r->headers.get("content-type"), "text/plain");
  EXPECT_EQ(r->url, url(server, "/a/../b?x=1"));
}

TEST_F(ClientTest, PostSendsAllPartsInOrderWithALength) {
  Server& server = h.serve(kEcho);
  auto client = h.client();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{10}, std::size_t{100'000}, std::size_t{3'000'000}}) {
    Request request;
    request.method = "POST";
    request.url = url(server, "/push");
    request.headers = {{"User-Agent", "ua"}, {"Content-Type", "application/proto"}};
    request.body_head = "head";
    request.body = share(std::string(size, 'x'));
    request.body_tail = "tail";
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body, "POST /push\nHost: " + server.address() +
                           "\nUser-Agent: ua\nContent-Type: application/proto\nContent-Length: " +
                           std::to_string(size + 8) + "\n\nhead" + std::string(size, 'x') + "tail");
  }
}

TEST_F(ClientTest, MethodsFollowEachOtherOnOneConnection) {
  Server& server = h.serve(kEcho);
  auto client = h.client();
  for (const char* method : {"GET", "POST", "HEAD", "PUT", "GET", "DELETE", "HEAD", "POST", "GET"}) {
    Request request;
    request.method = method;
    request.url = url(server);
    if (std::string(method) == "POST" || std::string(method) == "PUT") request.body_head = "b";
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << method << failure_text(r);
    if (std::string(method) == "HEAD") {
      EXPECT_EQ(r->body, "");
    } else {
      EXPECT_THAT(r->body, HasSubstr(std::string(method) + " /\n"));
    }
  }
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("net_conntrack_dialer_conn_attempted_total{dialer_name=\"test\"} 1\n"));
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("net_conntrack_dialer_conn_established_total{dialer_name=\"test\"} 1\n"));
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("invar_http_client_reused_connections_total{dialer_name=\"test\"} 8\n"));
}

TEST_F(ClientTest, ConfiguredHeadersAreAddedCanonicallyAndNeverGrow) {
  Server& server = h.serve(kEcho);
  ClientConfig config;
  config.http_headers = {{"x-scope-orgid", {{"one"}, {"two"}}},
                         {"X-Empty", {}},
                         {"X-Blank", {{""}}},
                         {"Transfer-Encoding", {{"x"}}}};
  auto client = h.client(config);
  std::string first;
  for (int i = 0; i < 100; ++i) {
    Request request;
    request.url = url(server);
    request.headers = {{"User-Agent", "ua"}, {"X-Scope-OrgID", "zero"}};
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    if (i == 0) first = r->body;
    ASSERT_EQ(r->body, first) << "request " << i;
  }
  EXPECT_EQ(
      first,
      "GET /\nHost: " + server.address() +
          "\nUser-Agent: ua\nX-Scope-OrgID: zero\nX-Scope-Orgid: one\nX-Scope-Orgid: two\nX-Blank: \n\n");
}

TEST_F(ClientTest, HeadersThatCouldSplitTheRequestAreRefused) {
  auto client = h.client();
  Request request;
  request.url = "http://127.0.0.1:1/";
  request.headers = {{"X-A", "a\r\nX-B: c"}};
  EXPECT_THAT(failure_text(h.send(*client, request)), HasSubstr("header \"X-A\" cannot be sent"));
}

TEST_F(ClientTest, UrlsThatCannotBeAskedSayWhy) {
  auto client = h.client();
  EXPECT_EQ(failure_text(h.get(*client, "127.0.0.1:80")),
            "other: invalid URL: missing protocol scheme: write http://127.0.0.1:80");
  EXPECT_EQ(failure_text(h.get(*client, "ftp://h/")),
            "other: invalid URL: unsupported protocol scheme \"ftp\"");
  EXPECT_EQ(failure_text(h.get(*client, "http://h:99999/")),
            "other: invalid URL: invalid port \":99999\" after host");
}

// ---- http-client.md 3

TEST_F(ClientTest, AuthorizationOfEveryKind) {
  Server& server = h.serve(kEcho);
  const std::string file = dir.write("token", "  from-file\n");
  const auto ask = [&](const ClientConfig& config, Headers headers = {}, std::string_view user = "") {
    auto client = h.client(config);
    Request request;
    request.url = "http://" + std::string(user) + server.address() + "/";
    request.headers = std::move(headers);
    return authorization(h.send(*client, request));
  };
  ClientConfig c;
  EXPECT_EQ(ask(c), "none");
  c.bearer_token = {"t"};
  EXPECT_EQ(ask(c), "Bearer t");
  EXPECT_EQ(ask(c, {{"Authorization", "mine"}}), "mine");
  EXPECT_EQ(ask(c, {}, "u:p%40@"), "Basic dTpwQA==");
  c = {};
  c.bearer_token_file = file;
  EXPECT_EQ(ask(c), "Bearer from-file");
  c = {};
  c.authorization = Authorization{" Custom ", "", {" inline "}};
  EXPECT_EQ(ask(c), "Custom  inline");  // inline credentials are not trimmed; a line's end is, by the reader
  c.authorization = Authorization{"", "", {}};
  EXPECT_EQ(ask(c), "Bearer");
  c.authorization = Authorization{"X", file, {}};
  EXPECT_EQ(ask(c), "X from-file");
  c = {};
  c.basic_auth = BasicAuth{"u", "", {"p"}};
  EXPECT_EQ(ask(c), "Basic dTpw");
  c.basic_auth = BasicAuth{"u", file, {}};
  EXPECT_EQ(ask(c), "Basic dTpmcm9tLWZpbGU=");
  c.basic_auth = BasicAuth{"", "", {}};
  EXPECT_EQ(ask(c), "Basic Og==");
}

TEST_F(ClientTest, UnreadableCredentialFilesFailTheRequestWithTheirPath) {
  const std::string missing = dir.path("missing");
  const std::string empty = dir.write("empty", "");
  const std::string blank = dir.write("blank", " \n");
  const auto ask = [&](const ClientConfig& config) {
    return failure_text(h.get(*h.client(config), "http://127.0.0.1:1/"));
  };
  ClientConfig c;
  c.bearer_token_file = missing;
  EXPECT_EQ(ask(c), "credentials: unable to read authorization credentials: unable to read file " + missing +
                        ": no such file or directory");
  c.bearer_token_file = empty;
  EXPECT_EQ(ask(c), "credentials: unable to read authorization credentials: unable to read file " + empty +
                        ": the file is empty");
  c.bearer_token_file = blank;
  EXPECT_THAT(ask(c), HasSubstr("blank: the file is empty"));
  c = {};
  c.basic_auth = BasicAuth{"u", missing, {}};
  EXPECT_THAT(ask(c), HasSubstr("unable to read basic auth password: unable to read file " + missing));
}

TEST_F(ClientTest, ARotatedTokenFileIsPickedUp) {
  Server& server = h.serve(kEcho);
  ClientConfig c;
  c.bearer_token_file = dir.write("token", "one");
  auto client = h.client(c);
  EXPECT_EQ(authorization(h.get(*client, url(server))), "Bearer one");
  dir.write("token", "second");
  EXPECT_TRUE(h.wait([&] { return true; }));
  std::string seen;
  for (const auto end = h.loop().now() + 5s; seen != "Bearer second" && h.loop().now() < end;) {
    seen = authorization(h.get(*client, url(server)));
  }
  EXPECT_EQ(seen, "Bearer second");
}

// ---- http-client.md 6

// Answers /hop?to=URL&status=N with a redirect, everything else with an echo.
const Handler kHopper = [](ServerRequest request, ResponderPtr responder) {
  if (const auto to = request.query_value("to")) {
    responder->send({std::stoi(request.query_value("status").value_or("302")), {{"Location", *to}}, "gone"});
  } else {
    responder->send(echo(request));
  }
};

TEST_F(ClientTest, RedirectsAreFollowedWithRefererAndFinalUrl) {
  Server& server = h.serve(kHopper);
  auto client = h.client();
  const Outcome r = h.get(*client, url(server, "/hop?to=%2Fend%3Fq"));
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_THAT(r->body, HasSubstr("GET /end?q\n"));
  EXPECT_THAT(r->body, HasSubstr("Referer: " + url(server, "/hop?to=%2Fend%3Fq") + "\n"));
  EXPECT_EQ(r->url, url(server, "/end?q"));
}

TEST_F(ClientTest, RedirectedPostsKeepOrLoseTheirBodyByStatus) {
  Server& server = h.serve(kHopper);
  auto client = h.client();
  for (const auto& [status, kept] : std::vector<std::pair<int, bool>>{
           {301, false}, {302, false}, {303, false}, {307, true}, {308, true}}) {
    Request request;
    request.method = "POST";
    request.url = url(server, "/hop?to=/end&status=" + std::to_string(status));
    request.headers = {{"Content-Type", "application/proto"}};
    request.body_head = "payload";
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body.ends_with("payload"), kept) << status;
    EXPECT_EQ(r->body_lost, !kept) << status;
    EXPECT_THAT(r->body, HasSubstr(kept ? "POST /end\n" : "GET /end\n"));
    EXPECT_EQ(r->body.find("Content-Type") != std::string::npos, kept);
  }
}

TEST_F(ClientTest, RedirectsEndAfterTenAndCanBeSwitchedOff) {
  Server& server =
      h.serve([](ServerRequest, ResponderPtr r) { r->send({302, {{"Location", "/again"}}, ""}); });
  EXPECT_EQ(failure_text(h.get(*h.client(), url(server))), "redirect: stopped after 10 redirects");
  ClientConfig c;
  c.follow_redirects = false;
  const Outcome r = h.get(*h.client(c), url(server));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->status, 302);
}

// {same host, other host, back again} x {auth kinds}: 127.0.0.1 and localhost are two host names of one server.
TEST_F(ClientTest, CredentialsNeverLeaveTheFirstHost) {
  Server& server = h.serve(kHopper);
  const std::string port = server.address().substr(server.address().rfind(':'));
  const std::string here = "http://127.0.0.1" + port;
  const std::string there = "http://localhost" + port;
  const auto hop = [](const std::string& from, const std::string& to) {
    return from + "/hop?to=" + query_escape(to);
  };

  std::vector<std::pair<const char*, ClientConfig>> kinds(4);
  kinds[0].first = "bearer";
  kinds[0].second.bearer_token = {"secret"};
  kinds[1].first = "basic";
  kinds[1].second.basic_auth = BasicAuth{"u", "", {"secret"}};
  kinds[2].first = "authorization";
  kinds[2].second.authorization = Authorization{"X", "", {"secret"}};
  kinds[3].first = "url";
  for (auto& [kind, config] : kinds) {
    config.http_headers = {{"Cookie", {{"a=1"}}}, {"X-Scope-OrgID", {{"t"}}}};
    auto client = h.client(config);
    const struct {
      const char* why;
      std::string start;
      bool keeps;
    } rows[] = {
        {"direct", here + "/end", true},
        {"same host", hop(here, here + "/end"), true},
        {"other host", hop(here, there + "/end"), false},
        {"back again", hop(here, hop(there, here + "/end")), false},
    };
    for (const auto& row : rows) {
      std::string start = row.start;
      // A Location that is a relative path stays with the user info of the URL before it.
      if (std::string_view(kind) == "url") start.insert(7, "u:p@");
      if (std::string_view(kind) == "url" && std::string_view(row.why) == "same host") {
        start = "http://u:p@127.0.0.1" + port + "/hop?to=/end";
      }
      const Outcome r = h.get(*client, start);
      ASSERT_TRUE(r) << failure_text(r);
      EXPECT_EQ(r->body.find("Authorization: ") != std::string::npos, row.keeps) << kind << ", " << row.why;
      EXPECT_EQ(r->body.find("Cookie: a=1") != std::string::npos, row.keeps) << kind << ", " << row.why;
      EXPECT_THAT(r->body, HasSubstr("X-Scope-Orgid: t\n")) << kind << ", " << row.why;
    }
  }
}

// ---- limits, time, cancelling

TEST_F(ClientTest, BodiesAreCutAtTheLimitWithAndWithoutALength) {
  Server& server = h.serve([](ServerRequest request, ResponderPtr r) {
    if (request.path == "/sized") return r->send({200, {}, std::string(2000, 'x')});
    r->start({200, {}, ""});
    for (int i = 0; i < 20; ++i) r->write(std::string(100, 'x'));
    r->finish();
  });
  auto client = h.client();
  for (const char* path : {"/sized", "/chunked"}) {
    Request request;
    request.url = url(server, path);
    request.max_body_bytes = 1999;
    EXPECT_EQ(failure_text(h.send(*client, request)),
              "body_too_large: the answer of " + server.address() + " is larger than the limit of 2 KiB")
        << path;
    request.max_body_bytes = 2000;
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body.size(), 2000u);
  }
}

// With connections of our own, and through a proxy with libcurl's.
TEST_F(ClientTest, BodiesGetTheRoomThatIsExpectedAndKeepWhatTheyNeed) {
  const auto chunked = [](const std::string& body) {
    return answer_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                       fmt::format("{:x}", body.size()) + "\r\n" + body + "\r\n0\r\n\r\n");
  };
  PlainPeer small(h.loop(), chunked("ab")), large(h.loop(), chunked(std::string(60'000, 'x')));
  for (const bool by_proxy : {false, true}) {
    const auto capacity = [&](const PlainPeer& peer) {
      ClientConfig config;
      if (by_proxy) config.proxy.proxy_url = peer.url();
      const auto client = h.client(config);
      Request request;
      request.url = by_proxy ? "http://a.test/" : peer.url();
      request.expected_body_bytes = 100'000;
      const Outcome r = h.send(*client, request);
      return r ? r->body.capacity() : 0;
    };
    EXPECT_GE(capacity(large), 100'000u);
    EXPECT_GE(capacity(small), 2u);
    EXPECT_LT(capacity(small), 1'000u);
  }
}

// With connections of our own, and through a proxy with libcurl's.
TEST_F(ClientTest, BodiesThatArePackedForTheWayAreUnpacked) {
  std::string packed;
  codec::Deflater().gzip("what was asked for", packed);
  const auto head = [](const std::string& coding) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + coding + "\r\n\r\n";
  };
  const std::string chunks = fmt::format("{:x}\r\n", packed.size()) + packed + "\r\n0\r\n\r\n";
  PlainPeer chunked(h.loop(), answer_with(head("gzip, chunked") + chunks));
  PlainPeer closed(h.loop(), [answer = head("gzip") + packed](const std::string& in) -> PlainPeer::Step {
    if (in.find("\r\n\r\n") == std::string::npos) return {};
    return {answer, true};
  });
  PlainPeer odd(h.loop(), answer_with(head("x-odd, chunked") + chunks));
  for (const bool by_proxy : {false, true}) {
    for (const PlainPeer* peer : {&chunked, &closed, &odd}) {
      ClientConfig config;
      if (by_proxy) config.proxy.proxy_url = peer->url();
      const auto client = h.client(config);
      const Outcome r = h.get(*client, by_proxy ? "http://a.test/" : peer->url());
      if (peer == &odd) {
        const std::string why = r ? plain_body(*r, 1 << 20).error().message : r.error().message;
        EXPECT_THAT(why, ::testing::HasSubstr(by_proxy ? "encoding" : "x-odd"));
        continue;
      }
      ASSERT_TRUE(r) << failure_text(r);
      EXPECT_EQ(plain_body(*r, 1 << 20), "what was asked for");
    }
  }
}

TEST_F(ClientTest, TimeOutsSayWhatWasWaitedFor) {
  PlainPeer silent(h.loop(), [](const std::string&) { return PlainPeer::Step{}; });
  PlainPeer stuck(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  auto client = h.client();
  EXPECT_EQ(failure_text(h.get(*client, silent.url(), 500ms)),
            "timeout: timed out after 500ms waiting for the answer of " + silent.address());
  EXPECT_EQ(failure_text(h.get(*client, stuck.url(), 500ms)),
            "timeout: timed out after 500ms receiving the answer from " + stuck.address());
  EXPECT_EQ(failure_text(h.get(*client, "https://" + silent.address(), 500ms)),
            "timeout: timed out after 500ms in the TLS handshake with " + silent.address());
  ClientConfig proxied;
  proxied.proxy.proxy_url = silent.url();
  EXPECT_EQ(failure_text(h.get(*h.client(proxied), "https://a.test", 500ms)),
            "timeout: timed out after 500ms waiting for the proxy's tunnel to a.test:443");
}

TEST_F(ClientTest, FailuresInPlainWords) {
  auto client = h.client();
  EXPECT_EQ(failure_text(h.get(*client, "http://127.0.0.1:1/")),
            "connect: connection refused by 127.0.0.1:1");
  EXPECT_EQ(failure_text(h.get(*client, "http://nowhere.invalid/")),
            "resolve: no address found for host \"nowhere.invalid\"");
  const struct {
    const char* answer;
    const char* want;
  } rows[] = {
      {"", "protocol: ADDR closed the connection without an answer"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
       "protocol: ADDR closed the connection in the middle of its answer, after 4 B of the body"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
       "protocol: ADDR closed the connection in the middle of its answer, after 3 B of the body"},
      {"SSH-2.0-OpenSSH\r\n", "protocol: ADDR does not speak HTTP: its answer does not begin with HTTP/1"},
      {"\x15\x03\x01", "protocol: ADDR does not speak HTTP: it answers in TLS (is the scheme https?)"},
  };
  for (const auto& row : rows) {
    PlainPeer peer(h.loop(), [&row](const std::string& in) -> PlainPeer::Step {
      if (in.find("\r\n\r\n") == std::string::npos) return {};
      return {row.answer, true};
    });
    std::string want = row.want;
    want.replace(want.find("ADDR"), 4, peer.address());
    EXPECT_EQ(failure_text(h.get(*client, peer.url())), want);
  }
}

TEST_F(ClientTest, EndlessHeadersAreCutOff) {
  Server& server = h.serve([](ServerRequest, ResponderPtr r) {
    ServerResponse response;
    for (int i = 0; i < 60; ++i) response.headers.add("X-" + std::to_string(i), std::string(50'000, 'x'));
    r->send(std::move(response));
  });
  EXPECT_THAT(failure_text(h.get(*h.client(), url(server))), ::testing::StartsWith("protocol: "));
}

TEST_F(ClientTest, DroppingTheCallCancelsAndDoneIsNotCalled) {
  PlainPeer silent(h.loop(), [](const std::string&) { return PlainPeer::Step{}; });
  auto client = h.client();
  bool called = false;
  Request request;
  request.url = silent.url();
  auto call = client->send(request, [&called](Outcome) { called = true; });
  ASSERT_TRUE(h.wait([&] { return silent.open_connections() == 1; }));
  call.reset();
  EXPECT_TRUE(h.wait([&] { return silent.open_connections() == 0; }));
  auto waiting = client->send(request, [&called](Outcome) { called = true; });
  waiting.reset();
  client.reset();
  h.drop_transport();
  EXPECT_TRUE(h.wait([] { return true; }));
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, DoneMayDropEverything) {
  Server& server = h.serve(kEcho);
  auto client = h.client();
  std::vector<std::unique_ptr<Call>> calls(8);
  int answers = 0;
  for (auto& call : calls) {
    Request request;
    request.url = url(server);
    call = client->send(request, [&](Outcome) {
      ++answers;
      calls.clear();
      client.reset();
      h.drop_transport();
    });
  }
  EXPECT_TRUE(h.wait([&] { return answers == 1; }));
  EXPECT_TRUE(h.wait([] { return true; }));
  EXPECT_EQ(answers, 1);
}

TEST_F(ClientTest, RequestsUnderWaySurviveTheirClient) {
  ResponderPtr held;
  Server& server = h.serve([&held](ServerRequest, ResponderPtr r) { held = std::move(r); });
  auto client = h.client();
  std::optional<Outcome> outcome;
  Request request;
  request.url = url(server);
  const auto call = client->send(request, [&outcome](Outcome r) { outcome = std::move(r); });
  ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  client.reset();
  held->send({200, {}, "late"});
  ASSERT_TRUE(h.wait([&] { return outcome.has_value(); }));
  EXPECT_EQ((*outcome)->body, "late");
}

TEST_F(ClientTest, SlowAnswersDoNotHoldUpOthers) {
  Transport::Options options;
  options.max_in_flight = 4;
  Harness narrow(std::move(options));
  PlainPeer silent(narrow.loop(), [](const std::string&) { return PlainPeer::Step{}; });
  Server& server = narrow.serve(kEcho);
  auto client = narrow.client();
  std::vector<std::unique_ptr<Call>> slow;
  for (int i = 0; i < 200; ++i) {
    Request request;
    request.url = silent.url();
    request.timeout = 1min;
    slow.push_back(client->send(request, [](Outcome) { FAIL(); }));
  }
  // 200 requests that wait for ever, 4 at a time: the 201st must not wait for any of them.
  const auto start = narrow.loop().now();
  ASSERT_TRUE(narrow.get(*client, url(server)));
  EXPECT_LT(narrow.loop().now() - start, 5s);
  EXPECT_EQ(silent.connections(), 200);
}

TEST_F(ClientTest, DeadIdleConnectionsAreReplacedUnnoticed) {
  PlainPeer peer(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true));
  auto client = h.client();
  for (int i = 0; i < 5; ++i) {
    const Outcome r = h.get(*client, peer.url());
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body, "ok");
  }
  EXPECT_EQ(peer.connections(), 5);
}

TEST_F(ClientTest, OneClientsEndLeavesTheOthersConnectionsAlone) {
  PlainPeer peer(h.loop(), answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  auto one = h.client();
  auto two = h.client();
  ASSERT_TRUE(h.get(*one, peer.url()));
  ASSERT_TRUE(h.get(*two, peer.url()));
  EXPECT_EQ(peer.open_connections(), 2u);
  one.reset();
  ASSERT_TRUE(h.wait([&] { return peer.open_connections() == 1; }));
  ASSERT_TRUE(h.get(*two, peer.url()));
  EXPECT_EQ(peer.connections(), 2);
}

TEST_F(ClientTest, ManyHostsShareTheEngine) {
  Server& server = h.serve(kEcho, [] {
    ServerOptions options;
    options.listen_address = "0.0.0.0:0";
    return options;
  }());
  const std::string port = server.address().substr(server.address().rfind(':'));
  auto client = h.client();
  std::vector<std::unique_ptr<Call>> calls;
  std::size_t good = 0;
  constexpr std::size_t kHosts = 1200;  // three shards
  for (std::size_t i = 0; i < kHosts; ++i) {
    Request request;
    request.url = "http://127.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + port + "/";
    request.timeout = 1min;
    calls.push_back(client->send(request, [&good](Outcome r) { good += r.has_value() ? 1 : 0; }));
  }
  EXPECT_TRUE(h.wait([&] { return good == kHosts; }, 1min)) << good;
}

// Time is virtual, the sockets are real: a target that nobody asks any more keeps no connection.
TEST(ClientIdle, ConnectionsOfForgottenHostsAreClosed) {
  async::testing::TestLoop loop;
  auto transport = Transport::create(loop, fs::posix(), nullptr, {});
  PlainPeer peer(loop, answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  auto client = *transport->make_client({}, "d");
  const auto ask = [&] {
    Request request;
    request.url = peer.url();
    request.timeout = 1h;
    bool answered = false;
    const auto call = client->send(request, [&answered](Outcome r) { answered = r.has_value(); });
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!answered && std::chrono::steady_clock::now() < end) loop.run_until_idle();
    return answered;
  };
  ASSERT_TRUE(ask());
  loop.advance(4min);
  ASSERT_TRUE(ask());
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(peer.open_connections(), 1u);
  loop.advance(7min);
  EXPECT_EQ(peer.open_connections(), 0u);
  ASSERT_TRUE(ask());
}

}  // namespace
}  // namespace invar::http
