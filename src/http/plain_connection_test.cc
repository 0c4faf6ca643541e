// What only connections of our own do: reuse, stale and idle ends, framing on a kept connection. The rest of plain HTTP is in
// client_test.cc, which runs over the same path.
#include "http/plain_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>

#include "http/testing/harness.h"
#include "http/testing/plain_peer.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using testing::answer_with;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::PlainPeer;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A real loop whose clock can be moved on: sockets are real, minutes are not.
class SkippingLoop final : public async::Loop {
 public:
  explicit SkippingLoop(async::RealLoop& real) : real_(real) {}
  void advance(Duration by) {
    skipped_ += by;
    while (!timers_.empty() && timers_.begin()->first.first <= now()) {
      auto due = timers_.extract(timers_.begin());
      due.mapped()();
    }
  }
  void post(async::Task task) override { real_.post(std::move(task)); }
  [[nodiscard]] async::TimePoint now() const override { return real_.now() + skipped_; }
  [[nodiscard]] UnixNanos unix_ns() const override { return real_.unix_ns(); }
  TimerId schedule_at(async::TimePoint when, async::Task task) override {
    timers_.emplace(std::pair(when, ++last_), std::move(task));
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(timers_, [id](const auto& timer) { return timer.first.second == id; });
  }
  WatchId watch_readable(int fd, std::function<void()> f) override {
    return real_.watch_readable(fd, std::move(f));
  }
  void unwatch(WatchId id) override { real_.unwatch(id); }
  boost::asio::io_context* io_context() override { return real_.io_context(); }

 private:
  async::RealLoop& real_;
  Duration skipped_{};
  TimerId last_ = 0;
  std::map<std::pair<async::TimePoint, TimerId>, async::Task> timers_;
};

class PlainConnectionTest : public ::testing::Test {
 protected:
  double counter(const std::string& name) {
    const std::string text = h.registry().collect();
    const std::string key = name + "{dialer_name=\"test\"} ";
    const auto at = text.find("\n" + key);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + 1 + key.size()));
  }
  double open() {
    return counter("net_conntrack_dialer_conn_established_total") -
           counter("net_conntrack_dialer_conn_closed_total");
  }
  Harness h;
};

TEST_F(PlainConnectionTest, AnswersOfEveryFramingShareOneConnection) {
  const std::vector<std::string> answers = {
      kOk,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x'),
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
  };
  std::size_t next = 0;
  PlainPeer peer(h.loop(), [&](const std::string& in) -> PlainPeer::Step {
    if (in.find("\r\n\r\n") == std::string::npos) return {};
    return {answers[next++]};
  });
  auto client = h.client();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Outcome r = h.get(*client, peer.url());
    ASSERT_TRUE(r) << i << failure_text(r);
    EXPECT_EQ(r->body.size(), i == 4 ? 300'000u : i == 2 || i == 5 ? 0u : 2u) << i;
  }
  EXPECT_EQ(peer.connections(), 1);
  EXPECT_EQ(counter("invar_http_client_reused_connections_total"), 5);
}

TEST_F(PlainConnectionTest, AnswersThatEndTheConnectionAreNotReused) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                             "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more than promised"}) {
    PlainPeer peer(h.loop(), answer_with(answer));
    auto client = h.client();
    ASSERT_EQ(h.get(*client, peer.url())->body, "ok");
    ASSERT_TRUE(h.wait([&] { return peer.open_connections() == 0; })) << answer;
    ASSERT_EQ(h.get(*client, peer.url())->body, "ok");
    EXPECT_EQ(peer.connections(), 2);
  }
}

TEST_F(PlainConnectionTest, ABodyMayEndWithItsConnection) {
  PlainPeer peer(h.loop(), answer_with("HTTP/1.1 200 OK\r\n\r\nuntil the end", true));
  EXPECT_EQ(h.get(*h.client(), peer.url())->body, "until the end");
}

TEST_F(PlainConnectionTest, AConnectionThatDiedUnderARequestIsReplacedOnce) {
  // Every connection answers once and is cut at its second request.
  std::vector<std::string> requests;
  int on_this_connection = 0;
  PlainPeer peer(h.loop(), [&](const std::string& in) -> PlainPeer::Step {
    if (in.find("\r\n\r\n") == std::string::npos) return {};
    requests.push_back(in.substr(0, 4));
    if (++on_this_connection < 2) return {kOk};
    on_this_connection = 0;
    return {"", true};
  });
  auto client = h.client();
  for (const char* method : {"GET", "POST", "GET"}) {
    Request request;
    request.url = peer.url();
    request.method = method;
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << method << failure_text(r);
  }
  EXPECT_THAT(requests, ::testing::ElementsAre("GET ", "POST", "POST", "GET ", "GET "));
  EXPECT_EQ(open(), 1);
}

TEST_F(PlainConnectionTest, AnAnswerThatHasBegunIsNotAskedForAgain) {
  int asked = 0;
  PlainPeer peer(h.loop(), [&](const std::string& in) -> PlainPeer::Step {
    if (in.find("\r\n\r\n") == std::string::npos) return {};
    if (++asked == 1) return {kOk};
    return {"HTTP/1.1 200 OK\r\nContent-Le", true};
  });
  auto client = h.client();
  ASSERT_TRUE(h.get(*client, peer.url()));
  EXPECT_THAT(failure_text(h.get(*client, peer.url())), HasSubstr("in the middle of its answer"));
  EXPECT_EQ(asked, 2);
}

TEST_F(PlainConnectionTest, APeerThatClosesIsLetGoAtOnce) {
  auto peer = std::make_unique<PlainPeer>(h.loop(), answer_with(kOk));
  auto client = h.client();
  ASSERT_TRUE(h.get(*client, peer->url()));
  EXPECT_EQ(open(), 1);
  peer.reset();
  EXPECT_TRUE(h.wait([&] { return open() == 0; }));
}

TEST_F(PlainConnectionTest, ConnectionsOfForgottenHostsAreClosed) {
  SkippingLoop loop(h.loop());
  auto transport = Transport::create(loop, h.files(), nullptr, {});
  auto client = *transport->make_client({}, "d");
  PlainPeer kept(h.loop(), answer_with(kOk));
  PlainPeer removed(h.loop(), answer_with(kOk));
  ASSERT_TRUE(h.get(*client, removed.url()));
  for (int minute = 0; minute < 7; ++minute) {
    ASSERT_TRUE(h.get(*client, kept.url()));
    if (minute < 4) {
      EXPECT_EQ(removed.open_connections(), 1u) << minute;
    }
    loop.advance(1min);
  }
  EXPECT_TRUE(h.wait([&] { return removed.open_connections() == 0; }));
  EXPECT_EQ(kept.open_connections(), 1u);
  EXPECT_EQ(kept.connections(), 1);
}

TEST_F(PlainConnectionTest, APeerThatTalksOutOfTurnIsLetGo) {
  PlainPeer peer(h.loop(), answer_with(kOk));
  auto client = h.client();
  ASSERT_TRUE(h.get(*client, peer.url()));
  peer.push("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(h.wait([&] { return open() == 0; }));
  EXPECT_EQ(h.get(*client, peer.url())->status, 200);
}

TEST_F(PlainConnectionTest, ARefusalInTheMiddleOfALargeBodyIsHeard) {
  PlainPeer peer(h.loop(), [](const std::string& in) -> PlainPeer::Step {
    if (in.find("\r\n\r\n") == std::string::npos) return {};
    return {"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"};
  });
  auto client = h.client();
  Request request;
  request.method = "POST";
  request.url = peer.url();
  request.body = share(std::string(50 << 20, 'x'));
  const Outcome r = h.send(*client, request);
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_EQ(r->status, 413);
  EXPECT_TRUE(h.wait([&] { return open() == 0; }));  // the rest of the body is owed: not usable again
}

TEST_F(PlainConnectionTest, LargeBodiesArriveWhole) {
  Server& server = h.serve([](ServerRequest request, ResponderPtr r) {
    const bool right = request.body.find_first_not_of('x', 4) == std::string::npos;
    r->send({200, {}, request.body.substr(0, 4) + std::to_string(request.body.size()) + (right ? "" : "!")});
  });
  auto client = h.client();
  Request request;
  request.method = "POST";
  request.url = "http://" + server.address() + "/";
  request.body_head = "head";
  request.body = share(std::string(10 << 20, 'x'));
  for (int i = 0; i < 2; ++i) {
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body, "head" + std::to_string((10 << 20) + 4));
  }
  EXPECT_EQ(open(), 1);
}

TEST_F(PlainConnectionTest, NamesAreLookedUp) {
  PlainPeer peer(h.loop(), answer_with(kOk));
  const std::string port = peer.address().substr(peer.address().rfind(':'));
  auto client = h.client();
  EXPECT_EQ(h.get(*client, "http://localhost" + port + "/")->body, "ok");
  EXPECT_EQ(h.get(*client, "http://LocalHost" + port + "/")->body, "ok");
}

TEST_F(PlainConnectionTest, TheRequestLineHoldsNoSpaces) {
  std::string line;
  PlainPeer peer(h.loop(), [&line](const std::string& in) -> PlainPeer::Step {
    line = in.substr(0, in.find("\r\n\r\n"));
    return {kOk};
  });
  auto client = h.client();
  EXPECT_EQ(h.get(*client, "http://" + peer.address() + "?q=a b")->body, "ok");
  EXPECT_THAT(line, ::testing::StartsWith("GET /?q=a%20b HTTP/1.1\r\nHost: " + peer.address() + "\r\n"));
  EXPECT_EQ(h.get(*client, peer.url("/ä b"))->body, "ok");
  EXPECT_THAT(line, ::testing::StartsWith("GET /%C3%A4%20b HTTP/1.1\r\n"));
}

TEST_F(PlainConnectionTest, ADroppedCallClosesItsConnection) {
  PlainPeer peer(h.loop(), [](const std::string&) { return PlainPeer::Step{}; });
  auto client = h.client();
  Request request;
  request.url = peer.url();
  auto call = client->send(request, [](Outcome) { FAIL(); });
  ASSERT_TRUE(h.wait([&] { return peer.open_connections() == 1; }));
  call.reset();
  EXPECT_TRUE(h.wait([&] { return peer.open_connections() == 0; }));
  EXPECT_EQ(open(), 0);
}

TEST_F(PlainConnectionTest, ConnectionCountersBalance) {
  auto peer = std::make_unique<PlainPeer>(h.loop(), answer_with(kOk));
  PlainPeer silent(h.loop(), [](const std::string&) { return PlainPeer::Step{}; });
  auto client = h.client();
  ASSERT_TRUE(h.get(*client, peer->url()));
  ASSERT_FALSE(h.get(*client, "http://127.0.0.1:1/"));
  ASSERT_FALSE(h.get(*client, "https://127.0.0.1:1/"));
  ASSERT_FALSE(h.get(*client, "http://nowhere.invalid/"));
  ASSERT_FALSE(h.get(*client, silent.url(), 50ms));  // connected: no failure of the dialer
  ASSERT_FALSE(h.get(*client, "https://" + silent.address() + "/", 50ms));
  client.reset();
  const std::string prefix = "net_conntrack_dialer_conn_";
  EXPECT_EQ(counter(prefix + "attempted_total"), 6);
  EXPECT_EQ(counter(prefix + "established_total"), 3);
  EXPECT_EQ(counter(prefix + "closed_total"), 3);
  const std::string text = h.registry().collect();
  for (const char* row : {"refused\"} 2\n", "resolution\"} 1\n", "timeout\"} 0\n", "unknown\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(prefix + "failed_total{dialer_name=\"test\",reason=\"" + row));
  }
}

// A listener whose queue is full: the handshake gets no answer.
TEST_F(PlainConnectionTest, ATimeOutWhileConnectingCountsAsOne) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::vector<UniqueFd> fillers;
  for (int i = 0; i < 3; ++i) {
    UniqueFd& fd = fillers.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size);
  }
  const std::string host = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  auto client = h.client();
  EXPECT_EQ(failure_text(h.get(*client, "http://" + host + "/", 50ms)),
            "timeout: timed out after 50ms connecting to " + host);
  EXPECT_EQ(failure_text(h.get(*client, "https://" + host + "/", 50ms)),
            "timeout: timed out after 50ms connecting to " + host);
  EXPECT_THAT(
      h.registry().collect(),
      HasSubstr("net_conntrack_dialer_conn_failed_total{dialer_name=\"test\",reason=\"timeout\"} 2\n"));
}

TEST_F(PlainConnectionTest, ManyAtOnceToOneHostAndThenAgain) {
  PlainPeer peer(h.loop(), answer_with(kOk));
  auto client = h.client();
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<Call>> calls;
    int good = 0;
    for (int i = 0; i < 300; ++i) {
      Request request;
      request.url = peer.url();
      calls.push_back(client->send(request, [&good](Outcome r) { good += r ? 1 : 0; }));
    }
    ASSERT_TRUE(h.wait([&] { return good == 300; }));
  }
  EXPECT_LE(peer.connections(), 300);
  EXPECT_GE(counter("invar_http_client_reused_connections_total"), 600);
}

}  // namespace
}  // namespace invar::http
