#include <gtest/gtest.h>

#include "component/testing/component_harness.h"
#include "components/remote/http/arguments.h"
#include "components/remote/http/component.h"

namespace invar::components::remote_http {
namespace {

using component::HealthState;
using http::testing::answer;
using std::chrono::seconds;

class RemoteHttpTest : public ::testing::Test {
 protected:
  RemoteHttpTest() { arguments_.url = "http://u:hush@h/text"; }
  void start() {
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void serve(int status, const std::string& body) {
    harness_.http->set_handler([=](const http::Request&) { return answer(status, "text/plain", body); });
  }
  std::string content() const {
    return harness_.exports.empty() ? "none" : harness_.exports.back().as<Exports>().content.text;
  }

  Arguments arguments_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"remote.http.x"};
};

TEST_F(RemoteHttpTest, ExportsTheTrimmedAnswerWhenItChanges) {
  arguments_.is_secret = true;
  serve(200, " one\n");
  start();
  EXPECT_EQ(content(), "one");
  EXPECT_TRUE(harness_.exports.back().as<Exports>().content.secret);
  EXPECT_EQ(harness_.component->health()->message, "polled endpoint");
  serve(200, "one");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.exports.size(), 1u);
  serve(200, "two");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(content(), "two");
}

TEST_F(RemoteHttpTest, SendsWhatIsConfigured) {
  arguments_.method = "POST";
  arguments_.body = "question";
  arguments_.headers = {{"user-agent", "mine"}, {"X-Key", "v"}};
  start();
  const http::Request& request = harness_.http->exchanges().back()->request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(http::testing::body_of(request), "question");
  EXPECT_EQ(request.headers.get("User-Agent"), "mine");
  EXPECT_EQ(request.headers.get("X-Key"), "v");
  EXPECT_EQ(request.timeout, seconds(10));
}

TEST_F(RemoteHttpTest, AFailureKeepsTheContentAndIsLoggedOnce) {
  serve(200, "one");
  start();
  serve(503, "the vault is sealed,\x1b[2J and nobody opens it\n");
  harness_.loop.advance(seconds(180));
  EXPECT_EQ(content(), "one");
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_EQ(harness_.component->health()->message,
            "polling failed: unexpected status code 503 Service Unavailable: the vault is sealed,\\x1b[2J "
            "and nobody opens it");
  EXPECT_EQ(harness_.log_count("polling failed"), 1);
  EXPECT_EQ(harness_.log_count("hush"), 0) << "no password in the log";
  serve(200, "two");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
}

TEST_F(RemoteHttpTest, ARefusedUpdateLeavesTheOldUrlPolled) {
  serve(200, "one");
  start();
  harness_.http->fail_next_client(Error{ErrorCode::kInvalidArgument, "unable to read CA cert"});
  Arguments other = arguments_;
  other.url = "http://other/";
  EXPECT_FALSE(harness_.update(registration_, other));
  harness_.http->forget_exchanges();
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.http->exchanges().back()->request.url, arguments_.url);
  ASSERT_TRUE(harness_.update(registration_, other));
  harness_.loop.run_until_idle();
  EXPECT_EQ(harness_.http->exchanges().back()->request.url, "http://other/");
}

TEST_F(RemoteHttpTest, StopsWithAPollUnderWay) {
  start();
  EXPECT_EQ(harness_.http->in_flight(), 1u);
  EXPECT_TRUE(harness_.stop());
  EXPECT_EQ(harness_.http->in_flight(), 0u);
  EXPECT_EQ(harness_.loop.pending_timers(), 0u);
}

TEST_F(RemoteHttpTest, AnIntervalThatWouldKeepACoreBusyIsNotKept) {
  arguments_.poll_timeout = Duration(1);
  arguments_.poll_frequency = Duration(2);
  serve(200, "one");
  start();
  harness_.loop.advance(seconds(1));
  EXPECT_LE(harness_.http->exchanges().size(), 11u);
  EXPECT_EQ(harness_.log_count("the interval is too short; a longer one is used"), 1);
}

TEST_F(RemoteHttpTest, UndoesTheCodingOfTheAnswer) {
  const auto serve_coded = [&](const std::string& coding) {
    harness_.http->set_handler([=](const http::Request&) {
      return answer(200, "text/plain", "one", {{"Content-Encoding", coding}});
    });
  };
  serve_coded("identity");
  start();
  EXPECT_EQ(content(), "one");
  serve_coded("rot13");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.component->health()->message,
            "polling failed: the body has the Content-Encoding \"rot13\", which is not known here");
}

TEST(RemoteHttpArguments, AreChecked) {
  const auto checked = [](const std::function<void(Arguments&)>& change) {
    Arguments a;
    a.url = "http://h/";
    change(a);
    const auto result = arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(checked([](Arguments&) {}), "");
  EXPECT_EQ(checked([](Arguments& a) { a.poll_frequency = Duration::zero(); }),
            "poll_frequency must be greater than 0");
  EXPECT_EQ(checked([](Arguments& a) { a.poll_timeout = Duration::zero(); }),
            "poll_timeout must be greater than 0");
  EXPECT_EQ(checked([](Arguments& a) { a.poll_timeout = seconds(60); }),
            "poll_timeout must be less than poll_frequency");
  EXPECT_EQ(checked([](Arguments& a) { a.method = "A B"; }), "net/http: invalid method \"A B\"");
  EXPECT_EQ(checked([](Arguments& a) { a.poll_frequency = seconds(5); }), "") << "nobody wrote a timeout";
  EXPECT_EQ((Arguments{.poll_frequency = seconds(5)}).timeout(), seconds(5));
}

}  // namespace
}  // namespace invar::components::remote_http
