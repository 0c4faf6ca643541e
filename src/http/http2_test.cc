// HTTP/2 of the server, asked by libcurl through our own client, and by raw bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/http2.h"
#include "http/testing/certificates.h"
#include "http/testing/harness.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using testing::Harness;
using ::testing::HasSubstr;

class Http2Test : public ::testing::Test {
 protected:
  Server& serve(Handler handler, ServerOptions options = {}, Http2Options http2 = {}) {
    if (!http2.handler) http2.handler = over("2", handler);
    auto server =
        listen_with_http2(h.loop(), h.files(), {}, std::move(options), over("1", handler), std::move(http2));
    EXPECT_TRUE(server);
    return *servers_.emplace_back(*std::move(server));
  }
  static Handler over(const std::string& version, const Handler& handler) {
    return [version, handler](ServerRequest request, const ResponderPtr& responder) {
      request.headers.add("X-Version", version);
      handler(std::move(request), responder);
    };
  }
  testing::Outcome post(Server& server, std::string path, std::string body, Duration timeout = 10s) {
    if (!client_) client_ = *make_http2_client(h.transport(), {}, "test");
    return h.send(*client_, {.method = "POST",
                             .url = "http://" + server.address() + path,
                             .body = share(std::move(body)),
                             .timeout = timeout});
  }
  Harness h;
  std::unique_ptr<Client> client_;
  std::vector<std::unique_ptr<Server>> servers_;
};

const Handler kEchoWithPath = [](const ServerRequest& request, const ResponderPtr& responder) {
  auto response = testing::echo(request);
  response.headers.set("X-Version", std::string(request.headers.get("X-Version")));
  responder->send(std::move(response));
};

TEST_F(Http2Test, RequestsAreAnswered) {
  Server& server = serve(kEchoWithPath);
  for (int i = 0; i < 3; ++i) {
    const auto answer = post(server, "/a?b=c", "body");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->headers.get("x-version"), "2");
    EXPECT_THAT(answer->body, ::testing::AllOf(HasSubstr("POST /a?b=c\n"), ::testing::EndsWith("\nbody"),
                                               HasSubstr("Host: " + server.address())));
  }
}

TEST_F(Http2Test, Http1IsServedBesides) {
  Server& server = serve(kEchoWithPath);
  const auto client = h.client();
  const auto answer = h.get(*client, "http://" + server.address() + "/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.get("X-Version"), "1");
}

TEST_F(Http2Test, OverTlsItIsChosenByAlpn) {
  const testing::Authority authority("Invar Test CA");
  const auto pair = authority.issue({"localhost", {"localhost"}, {"127.0.0.1"}});
  ServerOptions options;
  options.tls = ServerTls{.cert_pem = pair.certificate_pem, .key_pem = {pair.key_pem}};
  Server& server = serve(kEchoWithPath, options);
  ClientConfig config;
  config.tls = TlsConfig{.ca_pem = authority.pem()};
  for (const bool http2 : {true, false}) {
    config.enable_http2 = http2;
    const auto client = h.client(config);
    const auto answer = h.get(*client, "https://" + server.address() + "/");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->headers.get("x-version"), http2 ? "2" : "1");
  }
}

TEST_F(Http2Test, LargeBodiesGoBothWays) {
  Server& server = serve([](const ServerRequest& request, const ResponderPtr& responder) {
    responder->send({200, {}, request.body});
  });
  std::string body;
  for (int i = 0; body.size() < 5'000'000; ++i) body += std::to_string(i);
  const auto answer = post(server, "/", body);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body == body);
}

TEST_F(Http2Test, LimitsAndAuthenticationHold) {
  ServerOptions options;
  options.max_body_bytes = 1000;
  options.auth =
      ServerAuth{.username = "u", .password = {"p"}, .filter = ServerAuth::Filter{.paths = {"/secret"}}};
  Server& server = serve(kEchoWithPath, options);
  EXPECT_EQ(post(server, "/", std::string(1001, 'x'))->status, 413);
  EXPECT_EQ(post(server, "/secret", "x")->status, 401);
  EXPECT_EQ(post(server, "/", std::string(1000, 'x'))->status, 200);
}

TEST_F(Http2Test, AHandlerMayAnswerLaterInPartsOrNotAtAll) {
  ResponderPtr kept;
  Server& server = serve([&](const ServerRequest& request, const ResponderPtr& responder) {
    if (request.path == "/never") return;
    kept = responder;
    h.loop().schedule_after(10ms, [&] {
      kept->start({200, {{"X-Part", "1"}}, ""});
      kept->write("one ");
      h.loop().schedule_after(10ms, [&] {
        kept->write("two");
        kept->finish();
      });
    });
  });
  const auto answer = post(server, "/", "");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "one two");
  EXPECT_EQ(post(server, "/never", "")->status, 500);
}

TEST_F(Http2Test, AStreamIsTakenPartByPartAndAnsweredBeforeItsEnd) {
  std::string seen;
  std::vector<BodyEnd> ends;
  Http2Options http2;
  http2.on_stream = [&](const ServerRequest& head, const ResponderPtr& responder) -> BodySink {
    if (head.path != "/stream") return nullptr;
    responder->start({200, {}, ""});
    return [&, responder](std::string_view part, BodyEnd end) {
      seen += part;
      if (end != BodyEnd::kMore) ends.push_back(end);
      if (seen.ends_with("?") && end == BodyEnd::kMore) {
        responder->write("!");
        responder->finish();
      }
    };
  };
  Server& server = serve(kEchoWithPath, {}, http2);
  const auto answer = post(server, "/stream", "question?");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "!");
  EXPECT_EQ(seen, "question?");
  EXPECT_THAT(post(server, "/other", "x")->body, HasSubstr("POST /other"));
  ASSERT_EQ(ends.size(), 1U);
}

TEST_F(Http2Test, AConnectionThatEndsCutsItsStreams) {
  std::vector<BodyEnd> ends;
  Http2Options http2;
  ResponderPtr responder;
  http2.on_stream = [&](const ServerRequest&, const ResponderPtr& r) -> BodySink {
    responder = r;
    return [&](std::string_view, BodyEnd end) {
      if (end != BodyEnd::kMore) ends.push_back(end);
    };
  };
  Server& server = serve(kEchoWithPath, {}, http2);
  EXPECT_FALSE(post(server, "/", "x", 100ms)) << "nobody answers";
  client_.reset();
  ASSERT_TRUE(h.wait([&] { return !responder->alive(); }));
  responder->send({200, {}, "too late"});
  EXPECT_EQ(ends, std::vector{BodyEnd::kWhole});
}

TEST_F(Http2Test, ClosingTheListenerLetsAnswersFinish) {
  ResponderPtr kept;
  Server* running = nullptr;
  Server& server = serve([&](const ServerRequest&, const ResponderPtr& responder) {
    kept = responder;
    running->close_listener();
    h.loop().schedule_after(20ms, [&] { kept->send({200, {}, "done"}); });
  });
  running = &server;
  const auto answer = post(server, "/", "");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "done");
  EXPECT_TRUE(h.wait([&] { return server.connections() == 0; }));
}

TEST_F(Http2Test, RubbishAfterThePrefaceEndsTheConnection) {
  Server& server = serve(kEchoWithPath);
  const auto client = h.client();
  const auto answer = h.send(*client, {.method = "PRI", .url = "http://" + server.address() + "/"});
  EXPECT_TRUE(answer);
  EXPECT_EQ(answer->status, 200) << "HTTP/1.1 with that method is no preface";
}

}  // namespace
}  // namespace invar::http
