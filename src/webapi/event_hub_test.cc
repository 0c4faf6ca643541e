#include "webapi/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "http/testing/stream_reader.h"

namespace invar::webapi {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class Hub : public ::testing::Test {
 protected:
  Hub() {
    host_.loop = &loop_;
    hub_ = std::make_unique<EventHub>(host_);
    hub_->add_topic("state", [this](const EventHub::Then& then) {
      ++made_;
      then("{\"n\":" + std::to_string(state_) + "}");
    });
    hub_->add_topic("other", [](const EventHub::Then& then) { then("{}"); });
    hub_->add_topics("of", [this](const std::string& parameter) -> EventHub::Maker {
      if (parameter == "nobody") return nullptr;
      return [this, parameter](const EventHub::Then& then) {
        asked_ += parameter + " ";
        then("{\"of\":\"" + parameter + "\"}");
      };
    });
    Routes routes(router_, "/");
    hub_->add_to(routes);
  }
  std::shared_ptr<http::testing::StreamReader> open(const std::string& topics) {
    auto page = std::make_shared<http::testing::StreamReader>();
    http::ServerRequest request;
    request.method = "GET";
    request.path = "/events";
    request.query = "topics=" + topics;
    router_.handle(std::move(request), page);
    return page;
  }

  async::testing::TestLoop loop_;
  ApiHost host_;
  services::Router router_;
  std::unique_ptr<EventHub> hub_;
  int state_ = 1, made_ = 0;
  std::string asked_;  // parameters of topics that were made
};

TEST_F(Hub, SendsTheStateAtOnceAndThenWhenItChanges) {
  const auto page = open("state");
  EXPECT_EQ(page->answer->headers.get("Content-Type"), "text/event-stream");
  EXPECT_THAT(page->got, HasSubstr("event: state\nid: 1\ndata: {\"at\":"));
  EXPECT_THAT(page->got, HasSubstr("\"n\":1}\n\n"));
  page->got.clear();
  loop_.advance(2s);
  EXPECT_EQ(page->got, "") << "nothing changed";
  state_ = 2;
  loop_.advance(500ms);
  EXPECT_THAT(page->got, HasSubstr("\"n\":2}"));
}

TEST_F(Hub, NothingIsMadeWhileNobodyListens) {
  loop_.advance(1min);
  EXPECT_EQ(made_, 0);
  const auto page = open("other");
  loop_.advance(1min);
  EXPECT_EQ(made_, 0);
  page->hang_up();
  loop_.advance(1min);
  EXPECT_EQ(loop_.pending_timers(), 0u);
}

TEST_F(Hub, WhoIsBehindGetsTheNewestAndNothingInBetween) {
  const auto page = open("state");
  page->takes = false;
  for (state_ = 2; state_ < 10; ++state_) loop_.advance(500ms);
  EXPECT_LT(page->backlog.size(), 100u) << "one state waits, not eight";
  page->drain();
  EXPECT_THAT(page->got, HasSubstr("\"n\":2}"));
  EXPECT_THAT(page->got, HasSubstr("\"n\":9}"));
  EXPECT_THAT(page->got, Not(HasSubstr("\"n\":5}")));
}

TEST_F(Hub, WhoTakesNothingForLongIsDropped) {
  const auto page = open("state");
  page->takes = false;
  state_ = 2;
  loop_.advance(2min);
  EXPECT_TRUE(page->finished);
  EXPECT_EQ(hub_->clients(), 0u);
}

TEST_F(Hub, AQuietStreamHasAHeartbeat) {
  const auto page = open("state");
  page->got.clear();
  loop_.advance(16s);
  EXPECT_THAT(page->got, HasSubstr(": "));
}

TEST_F(Hub, UnknownTopicsAndTooManyStreamsAreRefused) {
  EXPECT_EQ(open("state,weather")->answer->status, 400);
  EXPECT_EQ(open("")->answer->status, 400);
  std::vector<std::shared_ptr<http::testing::StreamReader>> pages;
  for (std::size_t i = 0; i < EventHub::kMostClients; ++i) pages.push_back(open("state"));
  EXPECT_EQ(open("state")->answer->status, 503);
  pages[0]->hang_up();
  EXPECT_EQ(open("state")->answer->status, 200);
}

TEST_F(Hub, TopicsWithAParameterLastAsLongAsTheirListeners) {
  auto page = open("of:a,of:b,state");
  EXPECT_THAT(page->got, HasSubstr("event: of:a\nid: 1\ndata: {"));
  EXPECT_THAT(page->got, HasSubstr("\"of\":\"b\"}"));
  page->hang_up();
  loop_.advance(1s);
  asked_.clear();
  page = open("of:c");
  loop_.advance(1s);
  EXPECT_THAT(asked_, HasSubstr("c "));
  EXPECT_THAT(asked_, Not(HasSubstr("a ")));
}

TEST_F(Hub, UnknownParametersAndTooManyTopicsAreRefused) {
  EXPECT_EQ(open("of:nobody")->answer->status, 400);
  EXPECT_EQ(open("from:a")->answer->status, 400);
  std::string many;
  for (std::size_t i = 0; i <= EventHub::kMostOfOne; ++i) many += "of:" + std::to_string(i) + ",";
  const auto page = open(many + "state");
  EXPECT_EQ(page->answer->status, 400);
  EXPECT_THAT(page->answer->body, HasSubstr("more than 40 topics"));
}

}  // namespace
}  // namespace invar::webapi
