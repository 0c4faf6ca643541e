// Requests that a handler of this process answers, without a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/testing/harness.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using testing::echo;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Outcome;

class MemoryPeerTest : public ::testing::Test {
 protected:
  Harness h;
};

TEST_F(MemoryPeerTest, AnswersWithoutASocket) {
  h.transport().add_peer(make_memory_peer("invar.internal:12345", [](ServerRequest request, ResponderPtr r) {
    if (request.path == "/stream") {
      r->start({200, {{"X-S", "1"}}, ""});
      r->write("a");
      r->write("b");
      return r->finish();
    }
    if (request.path == "/forgotten") return;
    if (request.path == "/moved") return r->send({302, {{"Location", "/end"}}, ""});
    r->send(echo(request));
  }));
  ClientConfig c;
  c.bearer_token = {"t"};
  auto client = h.client(c);
  const Outcome r = h.get(*client, "http://invar.internal:12345/debug/pprof/heap?x=1");
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_THAT(r->body, HasSubstr("GET /debug/pprof/heap?x=1\n"));
  EXPECT_THAT(r->body, HasSubstr("Authorization: Bearer t\n"));
  EXPECT_EQ(h.get(*client, "http://invar.internal:12345/stream")->body, "ab");
  EXPECT_EQ(h.get(*client, "http://invar.internal:12345/moved")->url, "http://invar.internal:12345/end");
  EXPECT_EQ(failure_text(h.get(*client, "http://invar.internal:12345/forgotten")),
            "protocol: the handler gave no answer");
  Request small;
  small.url = "http://invar.internal:12345/";
  small.max_body_bytes = 3;
  EXPECT_THAT(failure_text(h.send(*client, small)), HasSubstr("body_too_large"));
}

TEST_F(MemoryPeerTest, CanHangAndBeCancelled) {
  std::vector<ResponderPtr> held;
  h.transport().add_peer(
      make_memory_peer("m:1", [&held](ServerRequest, ResponderPtr r) { held.push_back(std::move(r)); }));
  auto client = h.client();
  EXPECT_THAT(failure_text(h.get(*client, "http://m:1/", 20ms)), HasSubstr("timed out after 20ms"));
  held[0]->send({200, {}, "too late"});
  EXPECT_TRUE(h.wait([] { return true; }));
}

}  // namespace
}  // namespace invar::http
