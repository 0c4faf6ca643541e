// OAuth2 through the whole client: probing, sharing, expiry, rotation, refusal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/client.h"
#include "http/oauth2.h"
#include "http/server.h"
#include "http/url.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Token server and application are in-memory peers; time is virtual.
class OAuth2Test : public ::testing::Test {
 protected:
  OAuth2Test() {
    transport->add_peer(make_memory_peer("idp:80", [this](ServerRequest request, ResponderPtr r) {
      token_requests.push_back(request);
      if (hold) {
        held.push_back(std::move(r));
      } else {
        r->send(token_answer(request));
      }
    }));
    transport->add_peer(make_memory_peer("app:80", [this](ServerRequest request, ResponderPtr r) {
      seen.push_back(std::string(request.headers.get("Authorization")));
      r->send({accepts(seen.back()) ? 200 : 401, {}, request.body});
    }));
    config.oauth2.emplace();
    config.oauth2->client_id = "id";
    config.oauth2->client_secret = {"s3cret"};
    config.oauth2->token_url = "http://idp/token";
    token_answer = [this](const ServerRequest&) {
      return ServerResponse{
          200,
          {{"Content-Type", "application/json"}},
          "{\"access_token\":\"T" + std::to_string(token_requests.size()) + "\",\"expires_in\":300}"};
    };
    accepts = [](const std::string&) { return true; };
  }

  void make() { client = *transport->make_client(config, "d"); }
  std::string ask(Duration timeout = 10s) {
    Request request;
    request.method = "POST";
    request.url = "http://app/x";
    request.headers = {{"User-Agent", "ua/1"}};
    request.body_head = "body";
    request.timeout = timeout;
    std::optional<std::expected<Response, Failure>> outcome;
    const auto call = client->send(request, [&outcome](auto r) { outcome = std::move(r); });
    loop.run_until_idle();
    if (!outcome) {
      loop.advance(timeout);
      loop.run_until_idle();
    }
    if (!outcome) return "nothing";
    return *outcome ? std::to_string((*outcome)->status) + " " + (*outcome)->body
                    : std::string(to_string(outcome->error().kind)) + ": " + outcome->error().message;
  }

  async::testing::TestLoop loop;
  std::shared_ptr<fs::testing::MemoryFileSystem> files = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<Transport> transport = Transport::create(loop, files, nullptr, {});
  ClientConfig config;
  std::unique_ptr<Client> client;
  std::vector<ServerRequest> token_requests;
  std::vector<ResponderPtr> held;
  bool hold = false;
  std::vector<std::string> seen;
  std::function<ServerResponse(const ServerRequest&)> token_answer;
  std::function<bool(const std::string&)> accepts;
};

TEST_F(OAuth2Test, ATokenIsFetchedOnceAndUsed) {
  make();
  EXPECT_EQ(ask(), "200 body");
  EXPECT_EQ(ask(), "200 body");
  EXPECT_THAT(seen, ElementsAre("Bearer T1", "Bearer T1"));
  ASSERT_EQ(token_requests.size(), 1u);
  EXPECT_EQ(token_requests[0].method, "POST");
  EXPECT_EQ(token_requests[0].body, "grant_type=client_credentials");
  EXPECT_EQ(token_requests[0].headers.get("User-Agent"), "ua/1");
  EXPECT_EQ(token_requests[0].headers.get("Authorization"), "Basic aWQ6czNjcmV0");
}

TEST_F(OAuth2Test, RefusedHeadersAreTriedInTheBodyAndTheStyleIsRemembered) {
  token_answer = [this](const ServerRequest& request) {
    if (request.headers.has("Authorization")) return ServerResponse{401, {}, "no"};
    return ServerResponse{
        200, {}, "{\"access_token\":\"T" + std::to_string(token_requests.size()) + "\",\"expires_in\":60}"};
  };
  make();
  EXPECT_EQ(ask(), "200 body");
  ASSERT_EQ(token_requests.size(), 2u);
  EXPECT_EQ(token_requests[1].body, "client_id=id&client_secret=s3cret&grant_type=client_credentials");
  loop.advance(1min);
  EXPECT_EQ(ask(), "200 body");
  EXPECT_EQ(token_requests.size(), 3u);  // no new probe
}

TEST_F(OAuth2Test, TheTokenIsRenewedTenSecondsBeforeItsEnd) {
  make();
  ask();
  loop.advance(289s);
  ask();
  EXPECT_EQ(token_requests.size(), 1u);
  loop.advance(1s);
  loop.run_until_idle();
  EXPECT_EQ(token_requests.size(), 2u);  // in the background, because the token was in use
  ask();
  EXPECT_THAT(seen, ElementsAre("Bearer T1", "Bearer T1", "Bearer T2"));
}

TEST_F(OAuth2Test, AnIdleClientStopsRenewing) {
  make();
  ask();
  loop.advance(1h);
  loop.run_until_idle();
  EXPECT_LE(token_requests.size(), 2u);
  ask();
  EXPECT_EQ(seen.back(), "Bearer T" + std::to_string(token_requests.size()));
}

TEST_F(OAuth2Test, ManyRequestsWaitForOneFetch) {
  hold = true;
  make();
  std::vector<std::unique_ptr<Call>> calls;
  int answers = 0;
  for (int i = 0; i < 20; ++i) {
    Request request;
    request.url = "http://app/";
    calls.push_back(client->send(request, [&answers](auto r) { answers += r.has_value() ? 1 : 0; }));
  }
  calls[3].reset();
  loop.run_until_idle();
  ASSERT_EQ(held.size(), 1u);
  held[0]->send({200, {}, R"({"access_token":"T"})"});
  loop.run_until_idle();
  EXPECT_EQ(answers, 19);
  EXPECT_EQ(token_requests.size(), 1u);
}

TEST_F(OAuth2Test, AHangingTokenServerIsBoundedByTheCaller) {
  hold = true;
  make();
  EXPECT_EQ(ask(3s), "timeout: the OAuth2 token server did not answer within 3s");
  // The fetch itself ends after 30 s (twice: both styles), and the next request starts a new one.
  EXPECT_EQ(ask(2min), "credentials: oauth2: cannot fetch token: timed out after 30s waiting for idp:80");
}

TEST_F(OAuth2Test, A401IsAnsweredWithOneFreshToken) {
  accepts = [](const std::string& authorization) { return authorization != "Bearer T1"; };
  make();
  EXPECT_EQ(ask(), "200 body");
  EXPECT_THAT(seen, ElementsAre("Bearer T1", "Bearer T2"));
  accepts = [](const std::string&) { return false; };
  EXPECT_EQ(ask(), "401 body");
  EXPECT_EQ(token_requests.size(), 3u);
}

TEST_F(OAuth2Test, ARotatedSecretFileReplacesTheToken) {
  config.oauth2->client_secret.value.clear();
  config.oauth2->client_secret_file = "/secret";
  ASSERT_TRUE(files->write_file_atomically("/secret", " one\n", 0600, false));
  make();
  ask();
  ASSERT_TRUE(files->write_file_atomically("/secret", "second", 0600, false));
  loop.advance(2s);
  ask();
  EXPECT_THAT(seen, ElementsAre("Bearer T1", "Bearer T2"));
  EXPECT_EQ(token_requests[1].headers.get("Authorization"), "Basic aWQ6c2Vjb25k");
  ASSERT_TRUE(files->remove("/secret"));
  loop.advance(2s);
  EXPECT_THAT(ask(),
              HasSubstr("credentials: unable to read oauth2 client secret: unable to read file /secret"));
}

TEST_F(OAuth2Test, TheTokenOverridesEveryOtherAuthorization) {
  make();
  Request request;
  request.url = "http://u:p@app/";
  request.headers = {{"Authorization", "mine"}};
  const auto call = client->send(request, [](auto) {});
  loop.run_until_idle();
  EXPECT_THAT(seen, ElementsAre("Bearer T1"));
}

TEST_F(OAuth2Test, ErrorsAreQuotedWithoutTheSecret) {
  token_answer = [](const ServerRequest& request) {
    return ServerResponse{400, {}, "you sent " + request.body};
  };
  make();
  const std::string text = ask();
  EXPECT_THAT(text,
              HasSubstr("credentials: oauth2: cannot fetch token: 400 Bad Request\nResponse: you sent"));
  EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
}

}  // namespace
}  // namespace invar::http
