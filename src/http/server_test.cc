// The server seen from a raw socket: what really goes over the wire.
#include "http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "http/response_head.h"
#include "http/testing/harness.h"
#include "http/url.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A client that sends exactly these bytes and collects what comes back, while the loop runs.
class RawPeer {
 public:
  RawPeer(Harness& harness, const std::string& address)
      : h_(harness), fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    const auto parts = *split_host_port(address);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<std::uint16_t>(std::stoi(parts.port)));
    inet_pton(AF_INET, parts.host.c_str(), &in.sin_addr);
    const int at_once = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    connect(fd_.get(), reinterpret_cast<sockaddr*>(&in), sizeof in);
  }
  void send(std::string_view bytes) {
    h_.wait([&] {
      if (!bytes.empty()) {
        const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        if (n < 0 && errno != EAGAIN && errno != ENOTCONN) bytes = {};
      }
      return bytes.empty();
    });
  }
  void try_send(std::string_view bytes) { (void)::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  bool read_until(const std::function<bool()>& enough) {
    return h_.wait([&] {
      pull();
      return enough();
    });
  }
  bool read_until(std::string_view text) {
    return read_until([&] { return got.find(text) != std::string::npos; });
  }
  bool read_to_end() {
    return read_until([&] { return closed; });
  }
  void pull() {
    char buffer[65536];
    while (true) {
      const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n > 0) {
        got.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n == 0 || (errno != EAGAIN && errno != ENOTCONN)) closed = true;
      return;
    }
  }
  void hang_up() { fd_.reset(); }

  std::string got;
  bool closed = false;

 private:
  Harness& h_;
  UniqueFd fd_;
};

const Handler kHello = [](ServerRequest request, ResponderPtr responder) {
  responder->send({200,
                   {{"Content-Type", "text/plain"}},
                   "hello " + request.path + "?" + request.query + " " + request.body});
};

std::string without_date(std::string text) {
  for (auto at = text.find("Date: "); at != std::string::npos; at = text.find("Date: ")) {
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
  return text;
}

class ServerTest : public ::testing::Test {
 protected:
  Harness h;
};

TEST_F(ServerTest, AnswersWholeOnTheWire) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  peer.send("GET /a%20b?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(peer.read_until("x=1 "));
  EXPECT_EQ(without_date(peer.got),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\nhello /a b?x=1 ");
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  std::vector<ResponderPtr> waiting;
  Server& server = h.serve([&waiting](ServerRequest request, ResponderPtr responder) {
    if (request.path == "/slow") {
      waiting.push_back(std::move(responder));
    } else {
      responder->send({200, {}, "fast"});
    }
  });
  RawPeer peer(h, server.address());
  peer.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /fast HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return waiting.size() == 1; }));
  EXPECT_EQ(peer.got, "");
  waiting[0]->send({200, {}, "slow"});
  ASSERT_TRUE(peer.read_until("fast"));
  EXPECT_EQ(
      without_date(peer.got),
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslowHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfast");
}

TEST_F(ServerTest, TrailersComeAfterABodyInChunks) {
  Server& server = h.serve([](ServerRequest, ResponderPtr responder) {
    responder->send({200, {{"Trailer", "Grpc-Status"}}, "body", {{"Grpc-Status", "0"}, {"Bad", "a\r\nb"}}});
  });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(peer.read_until("\r\n4\r\nbody\r\n0\r\nGrpc-Status: 0\r\n\r\n"));
  EXPECT_THAT(peer.got, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_EQ(peer.got.find("Content-Length"), std::string::npos);
  RawPeer old(h, server.address());
  old.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(old.read_until("\r\n\r\nbody"));
  EXPECT_THAT(old.got, HasSubstr("Content-Length: 4\r\n"));
}

TEST_F(ServerTest, TlsFilesThatMustLoadAreReadAtOnce) {
  Server& server = h.serve(kHello);
  ServerOptions options;
  options.tls = ServerTls{};
  options.tls->cert_file = "/nowhere/cert.pem";
  options.tls->key_file = "/nowhere/key.pem";
  options.tls_must_load = true;
  const auto changed = server.reconfigure(options);
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().message, StartsWith("unable to read file /nowhere/cert.pem: "));
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.read_until("200 OK")) << "as it was";
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  peer.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(peer.read_to_end());
  EXPECT_EQ(without_date(peer.got),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\n");
}

TEST_F(ServerTest, StreamsInChunksAndCountsTheBacklog) {
  ResponderPtr stream;
  Server& server =
      h.serve([&stream](ServerRequest, ResponderPtr responder) { stream = std::move(responder); });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return stream != nullptr; }));
  stream->start({200, {{"Content-Type", "text/event-stream"}}, ""});
  stream->write("one");
  ASSERT_TRUE(peer.read_until("one"));
  EXPECT_TRUE(h.wait([&] { return stream->backlog_bytes() == 0; }));
  // More than any socket buffer takes while nobody reads.
  const std::string big(32 << 20, 'x');
  stream->write(big);
  h.wait([&] { return stream->backlog_bytes() < big.size(); });
  EXPECT_GT(stream->backlog_bytes(), std::size_t{1} << 20);
  EXPECT_TRUE(stream->alive());
  stream->write("");  // no chunk: an empty one would end the stream
  stream->finish();
  EXPECT_FALSE(stream->alive());
  ASSERT_TRUE(peer.read_until([&] { return peer.got.ends_with("\r\n0\r\n\r\n"); }));
  EXPECT_THAT(peer.got, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(peer.got, HasSubstr("\r\n3\r\none\r\n2000000\r\nxxx"));
  EXPECT_EQ(stream->backlog_bytes(), 0u);
}

TEST_F(ServerTest, OldClientsGetAStreamUntilClose) {
  Server& server = h.serve([](ServerRequest, ResponderPtr r) {
    r->start({200, {}, ""});
    r->write("a");
    r->write("b");
    r->finish();
  });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(peer.read_to_end());
  EXPECT_THAT(peer.got, EndsWith("\r\nConnection: close\r\n\r\nab"));
}

TEST_F(ServerTest, ADepartedPeerIsNoticedWhileTheHandlerWorks) {
  ResponderPtr held;
  Server& server = h.serve([&held](ServerRequest, ResponderPtr responder) { held = std::move(responder); });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  EXPECT_TRUE(held->alive());
  peer.hang_up();
  EXPECT_TRUE(h.wait([&] { return !held->alive(); }));
  held->send({200, {}, "nobody reads this"});
}

TEST_F(ServerTest, AStreamHearsWhenItIsDrainedAndWhenItsPeerIsGone) {
  ResponderPtr stream;
  Server& server =
      h.serve([&stream](ServerRequest, ResponderPtr responder) { stream = std::move(responder); });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return stream != nullptr; }));
  int drained = 0, gone = 0;
  bool inside = true;
  stream->on_change([&](Responder::Change change) {
    EXPECT_FALSE(inside);
    ++(change == Responder::Change::kDrained ? drained : gone);
    if (change == Responder::Change::kDrained) {
      EXPECT_EQ(stream->backlog_bytes(), 0u);
    }
  });
  stream->start({200, {}, ""});
  stream->write("one");
  inside = false;
  ASSERT_TRUE(h.wait([&] { return drained > 0; }));
  ASSERT_TRUE(peer.read_until("one"));
  peer.hang_up();
  ASSERT_TRUE(h.wait([&] { return gone > 0; }));
  inside = true;
  stream->write("two");
  inside = false;
  h.wait([&] { return gone > 1; }, 20ms);
  EXPECT_EQ(gone, 1);
}

TEST_F(ServerTest, WhatAnAnswerWatchedEndsWithIt) {
  ResponderPtr held;
  int changes = 0;
  Server& server = h.serve([&](ServerRequest, ResponderPtr responder) {
    responder->on_change([&](Responder::Change) { ++changes; });
    held = std::move(responder);
  });
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  held->send({200, {}, "done"});
  ASSERT_TRUE(peer.read_until("done"));
  peer.hang_up();
  EXPECT_TRUE(h.wait([&] { return server.connections() == 0; }));
  EXPECT_EQ(changes, 0);
}

TEST_F(ServerTest, AForgottenAnswerIsA500AndACutStreamLooksCut) {
  Server& server = h.serve([](ServerRequest request, ResponderPtr responder) {
    if (request.path == "/stream") responder->start({200, {}, ""});
  });
  RawPeer plain(h, server.address());
  plain.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(plain.read_to_end());
  EXPECT_THAT(plain.got, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  RawPeer stream(h, server.address());
  stream.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(stream.read_to_end());
  EXPECT_EQ(stream.got.find("0\r\n\r\n"), std::string::npos);
}

TEST_F(ServerTest, BadRequestsGetTheirStatus) {
  ServerOptions options;
  options.max_body_bytes = 1000;
  Server& server = h.serve(kHello, options);
  const struct {
    const char* why;
    std::string bytes;
    std::string want;
  } rows[] = {
      {"nonsense", "\x01\x02\x03\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"no target", "GET\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"bad version", "GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"a body of unknown length", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nGET / HTTP/1.1\r\n\r\n",
       "HTTP/1.1 501 Not Implemented\r\n"},
      {"broken header", "GET / HTTP/1.1\r\nno colon here\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"relative target", "GET x HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"broken escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       "HTTP/1.1 400 Bad Request\r\n"},
      {"length of letters", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
      {"bad chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "HTTP/1.1 400 Bad Request\r\n"},
      {"declared too large", "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
       "HTTP/1.1 413 Payload Too Large\r\n"},
      {"too large in chunks",
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'x') +
           "\r\n0\r\n\r\n",
       "HTTP/1.1 413 Payload Too Large\r\n"},
      {"endless header", "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'),
       "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
  };
  for (const auto& row : rows) {
    RawPeer peer(h, server.address());
    peer.send(row.bytes);
    ASSERT_TRUE(peer.read_until("\r\n\r\n")) << row.why;
    EXPECT_THAT(peer.got, StartsWith(row.want)) << row.why;
    EXPECT_THAT(peer.got, HasSubstr("Connection: close\r\n")) << row.why;
  }
}

TEST_F(ServerTest, TellsOfRequestsThatItAnswersByItself) {
  std::vector<std::string> told;
  ServerOptions options;
  options.max_body_bytes = 10;
  options.auth = ServerAuth{"u", {"p"}, std::nullopt};
  options.on_refused_request = [&](const ServerRequest& request, int status, std::string_view why) {
    EXPECT_THAT(request.peer, StartsWith("127.0.0.1:"));
    told.push_back(fmt::format("{} {} {} [{}] {}", status, request.method, request.target,
                               request.headers.get("User-Agent"), why));
  };
  Server& server = h.serve(kHello, options);
  const std::string agent = "Host: h\r\nUser-Agent: sdk\r\n";
  for (const std::string& bytes :
       {"POST /ingest HTTP/1.1\r\n" + agent + "Content-Length: 11\r\n\r\n",
        "POST /x HTTP/1.1\r\n" + agent + "\r\n", "POST x HTTP/1.1\r\n" + agent + "\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    RawPeer peer(h, server.address());
    peer.send(bytes);
    ASSERT_TRUE(peer.read_until([&] { return !peer.got.empty(); })) << bytes;
  }
  EXPECT_THAT(told, ElementsAre("413 POST /ingest [sdk] request body too large",
                                "401 POST /x [sdk] no credentials, or not those that are configured",
                                "400 POST x [sdk] 400 Bad Request",
                                "400   [] TLS to a server of plain HTTP: write http:// in its URL",
                                "505   [] only HTTP/1.1 is served here"));
}

TEST_F(ServerTest, Http2IsRefusedInItsOwnFrames) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  ASSERT_TRUE(peer.read_to_end());
  constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
  constexpr std::string_view kGoAway("\0\0\x24\7\0\0\0\0\0\0\0\0\0\0\0\0\x0d", 17);  // HTTP_1_1_REQUIRED
  EXPECT_EQ(peer.got, std::string(kSettings) + std::string(kGoAway) + "only HTTP/1.1 is served here");
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(peer.read_until("\r\n\r\n"));
  EXPECT_EQ(peer.got, "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("body");
  ASSERT_TRUE(peer.read_until("hello /? body"));
}

TEST_F(ServerTest, ChunkedRequestBodiesAndAbsoluteTargetsAreUnderstood) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  peer.send(
      "POST http://h:1/p/../q/./r//s?z HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(peer.read_until("hello /q/r/s?z abcde"));
}

TEST_F(ServerTest, AnEmptyChunkedBodyMayComeInPieces) {
  Server& server = h.serve(kHello);
  RawPeer peer(h, server.address());
  for (const char* piece :
       {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n", "\r", "\n"}) {
    peer.send(piece);
    int turns = 0;
    h.wait([&] { return ++turns > 20; });  // the server has read it
  }
  ASSERT_TRUE(peer.read_until("hello /"));
}

TEST_F(ServerTest, IdleConnectionsAreClosedButWorkingHandlersAreNot) {
  ServerOptions options;
  options.idle_timeout = 50ms;
  ResponderPtr held;
  Server& server =
      h.serve([&held](ServerRequest, ResponderPtr responder) { held = std::move(responder); }, options);
  RawPeer busy(h, server.address());
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  RawPeer idle(h, server.address());
  RawPeer half(h, server.address());
  half.send("GET / HT");
  ASSERT_TRUE(idle.read_to_end());
  ASSERT_TRUE(half.read_to_end());
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->alive());
  held->send({200, {}, "done"});
  EXPECT_TRUE(busy.read_until("done"));
}

TEST_F(ServerTest, ConnectionsAboveTheLimitWaitTheirTurn) {
  ServerOptions options;
  options.max_connections = 1;
  Server& server = h.serve(kHello, options);
  RawPeer first(h, server.address());
  first.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(first.read_until("hello /1"));
  RawPeer second(h, server.address());
  second.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  // The first one is still served.
  first.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(first.read_until("hello /3"));
  second.pull();
  EXPECT_EQ(second.got, "");
  first.hang_up();
  EXPECT_TRUE(second.read_until("hello /2"));
}

TEST_F(ServerTest, AuthenticationCoversEveryRoute) {
  ServerOptions options;
  options.auth = ServerAuth{"u", {"p"}, std::nullopt};
  int handled = 0;
  Server& server = h.serve(
      [&handled](ServerRequest, ResponderPtr r) {
        ++handled;
        r->send({200, {}, "in"});
      },
      options);
  RawPeer peer(h, server.address());
  peer.send("GET /anything HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(peer.read_until("\r\n\r\n"));
  EXPECT_EQ(without_date(peer.got),
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"Restricted\"\r\nContent-Length: "
            "0\r\n\r\n");
  EXPECT_EQ(handled, 0);
  peer.send("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dTpw\r\n\r\n");
  ASSERT_TRUE(peer.read_until("in"));
}

TEST_F(ServerTest, NewSecurityConcernsNewConnectionsOnly) {
  Server& server = h.serve(kHello);
  RawPeer old(h, server.address());
  old.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(old.read_until("hello"));
  server.set_security(std::nullopt, ServerAuth{"u", {"p"}, std::nullopt});
  old.got.clear();
  old.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(old.read_until("hello"));
  RawPeer fresh(h, server.address());
  fresh.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(fresh.read_until("401 Unauthorized"));
}

TEST_F(ServerTest, ARequestThatTricklesIsCutOffByItsTimeLimit) {
  ServerOptions options;
  options.read_timeout = 100ms;
  int cut = 0;
  options.on_cut_request = [&cut] { ++cut; };
  Server& server = h.serve(kHello, options);
  RawPeer slow(h, server.address());
  slow.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(slow.read_until([&] {
    slow.try_send("x");  // bytes keep moving: the idle limit alone would not end this
    return slow.closed;
  }));
  EXPECT_EQ(slow.got, "");
  EXPECT_EQ(cut, 1);
  // It begins anew with every request, and does not run between them.
  RawPeer steady(h, server.address());
  for (int request = 0; request < 3; ++request) {
    steady.got.clear();
    steady.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(steady.read_until("hello"));
    bool later = false;
    h.loop().schedule_after(options.read_timeout + 50ms, [&later] { later = true; });
    ASSERT_TRUE(h.wait([&later] { return later; }));
  }
}

TEST_F(ServerTest, AnAnswerThatNobodyTakesIsCutOffByItsTimeLimit) {
  ServerOptions options;
  options.write_timeout = 200ms;
  Server& server = h.serve(
      [](ServerRequest, ResponderPtr r) { r->send({200, {}, std::string(std::size_t{64} << 20, 'x')}); },
      options);
  RawPeer peer(h, server.address());
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(h.wait([&] { return server.connections() == 1; }));
  EXPECT_TRUE(h.wait([&] { return server.connections() == 0; }));
}

TEST_F(ServerTest, NewLimitsHoldForTheListenerAtOnceAndForNewConnections) {
  ServerOptions options;
  options.max_connections = 1;
  Server& server = h.serve(kHello, options);
  RawPeer first(h, server.address());
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(first.read_until("hello"));
  RawPeer second(h, server.address());
  second.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(server.connections(), 1u);
  options.max_connections = 2;
  options.max_body_bytes = 8;
  const std::string address = server.address();
  server.reconfigure(options);
  ASSERT_TRUE(second.read_until("413 "));
  EXPECT_EQ(server.address(), address);
}

TEST_F(ServerTest, ClosingTheListenerLetsOpenRequestsFinish) {
  ResponderPtr held;
  Server& server = h.serve([&held](ServerRequest, ResponderPtr responder) { held = std::move(responder); });
  RawPeer busy(h, server.address());
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  RawPeer idle(h, server.address());
  ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  server.close_listener();
  EXPECT_TRUE(idle.read_to_end());
  RawPeer late(h, server.address());
  EXPECT_TRUE(late.read_to_end());
  held->send({200, {}, "last"});
  EXPECT_TRUE(busy.read_to_end());
  EXPECT_THAT(busy.got, EndsWith("Connection: close\r\n\r\nlast"));
}

TEST_F(ServerTest, PortInUseIsNamed) {
  Server& server = h.serve(kHello);
  ServerOptions options;
  options.listen_address = server.address();
  const auto second = Server::listen(h.loop(), h.files(), {}, options, kHello);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "failed to listen on " + server.address() + ": address already in use");
  for (const char* address : {"nonsense", "127.0.0.1:http", "127.0.0.1:70000", "[::1"}) {
    options.listen_address = address;
    const auto bad = Server::listen(h.loop(), h.files(), {}, options, kHello);
    ASSERT_FALSE(bad);
    EXPECT_THAT(bad.error().message, StartsWith(std::string("failed to listen on ") + address + ": "));
  }
}

TEST_F(ServerTest, ResponderOutlivesTheServer) {
  ResponderPtr held;
  {
    auto server = Server::listen(h.loop(), h.files(), {}, {},
                                 [&held](ServerRequest, ResponderPtr r) { held = std::move(r); });
    ASSERT_TRUE(server);
    RawPeer peer(h, (*server)->address());
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  }
  EXPECT_FALSE(held->alive());
  held->start({200, {}, ""});
  held->write("x");
  held->finish();
}

TEST(ResponseHead, CannotBeSplitByAHeaderValue) {
  const ServerResponse response{
      200, {{"X-A", "a\r\nSet-Cookie: b"}, {"Bad Name", "x"}, {"Content-Length", "999"}}, "ok"};
  EXPECT_EQ(response_head(response, BodyKind::kSized, true, 0),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n");
}

TEST(CleanPath, NeverLeavesTheRoot) {
  const struct {
    const char* in;
    const char* want;
  } rows[] = {{"/", "/"},
              {"/a/../..//b", "/b"},
              {"/a/", "/a/"},
              {"/a/.", "/a/"},
              {"/%2e%2e/%2e%2e/etc", "/etc"},
              {"/a%2Fb", "/a/b"},
              {"/%zz", "/"},
              {"/../../..", "/"},
              {"", "/"}};
  for (const auto& row : rows) EXPECT_EQ(clean_path(row.in), row.want) << row.in;
}

}  // namespace
}  // namespace invar::http
