#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/testing/harness.h"

namespace invar::http {
namespace {

using ::testing::ElementsAre;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Outcome;

ServerResponse echo(const ServerRequest& request) {
  std::string text = request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  text += "\n" + request.body;
  return {200, {{"Content-Type", "text/plain"}}, std::move(text)};
}
const Handler kEcho = [](ServerRequest request, ResponderPtr responder) { responder->send(echo(request)); };

class ClientTest : public ::testing::Test {
 protected:
  std::string url(Server& server, std::string_view path = "/") {
    return "http://" + server.address() + std::string(path);
  }
  Harness h;
};

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
}

TEST_F(ClientTest, PostSendsAllPartsInOrderWithALength) {
  Server& server = h.serve(kEcho);
  auto client = h.client();
  Request request;
  request.method = "POST";
  request.url = url(server, "/push");
  request.headers = {{"User-Agent", "ua"}, {"Content-Type", "application/proto"}};
  request.body_head = "head";
  request.body = share(std::string(100'000, 'x'));
  request.body_tail = "tail";
  const Outcome r = h.send(*client, request);
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_EQ(r->body, "POST /push\nHost: " + server.address() +
                         "\nUser-Agent: ua\nContent-Type: application/proto\nContent-Length: 100008\n\nhead" +
                         std::string(100'000, 'x') + "tail");
}

TEST_F(ClientTest, ConnectionRefusedNamesTheAddress) {
  auto client = h.client();
  const Outcome r = h.get(*client, "http://127.0.0.1:1/");
  EXPECT_EQ(failure_text(r), "connect: connection refused by 127.0.0.1:1");
}

}  // namespace
}  // namespace invar::http
