// One endpoint before a server that is told what to say: its states, holds, retries and ends. The whole matrix of replies:
// reply_test.cc; with several endpoints and disks: components/pyroscope/write.
#include "delivery/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "delivery/endpoint_metrics.h"
#include "delivery/protocol.h"
#include "http/testing/fake_transport.h"

namespace invar::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class EndpointTest : public ::testing::Test {
 protected:
  EndpointTest() {
    settings.url = settings.shown_url = "http://one";
    make();
  }
  void make() {
    endpoint = std::make_unique<Endpoint>(Endpoint::Environment{.loop = &loop,
                                                                .logger = {},
                                                                .random = [] { return std::uint64_t{0}; },
                                                                .disk_pool = nullptr,
                                                                .files = nullptr,
                                                                .directory = "",
                                                                .recover = {}},
                                          settings, endpoint_metrics(*scope, settings.shown_url),
                                          *transport->make_client({}, "d"));
  }
  void offer(std::size_t raw_bytes = 0) {
    pipeline::Profile profile;
    profile.body = share("\x0a\x04\x08\x01\x10\x02");
    profile.taken_unix_ns = loop.unix_ns();
    const Protocol& protocol = protocol_of(pipeline::BodyKind::kPprof);
    const auto outgoing = std::make_shared<Outgoing>(protocol.make(profile, {}, false));
    const auto journey = std::make_shared<Journey>(pipeline::Kept(), [this](const Outcome& outcome) {
      ended.push_back(outcome.end == End::kSent ? "sent" : outcome.reason);
    });
    endpoint->offer({outgoing, raw_bytes}, Receipt(ledger.take("cpu"), journey));
    loop.run_until_idle();
  }
  void serve(int status, std::string body = "", http::Headers headers = {}) {
    transport->set_handler([=](const http::Request&) {
      return http::testing::answer(status, "application/json", body, headers);
    });
  }
  // Ends when `done` was called; then true.
  bool drain(Duration within) {
    endpoint->drain(within, Endpoint::Rest::kGiveUp, "stopped", [this] { drained = true; });
    loop.run_until_idle();
    return drained;
  }

  async::testing::TestLoop loop;
  std::unique_ptr<metrics::Registry> registry = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope = registry->scope({});
  pipeline::Ledger ledger{*scope, "http://one"};
  std::shared_ptr<http::testing::FakeTransport> transport =
      std::make_shared<http::testing::FakeTransport>(loop);
  EndpointSettings settings;
  std::vector<std::string> ended;
  bool drained = false;
  std::unique_ptr<Endpoint> endpoint;
};

TEST_F(EndpointTest, TableOfStates) {
  const struct {
    int status;
    const char* body;
    EndpointState state;
    std::vector<std::string> ended;
    std::uint64_t queued;
  } rows[] = {
      {200, "", EndpointState::kWorking, {"sent"}, 0},
      {503, "", EndpointState::kFailing, {}, 1},
      {401, "", EndpointState::kHeld, {}, 1},
      {404, "", EndpointState::kMisaddressed, {}, 1},
      {400,
       R"({"code":"invalid_argument","message":"bad"})",
       EndpointState::kRefusing,
       {"refused by server"},
       0},
  };
  for (const auto& row : rows) {
    make();
    ended.clear();
    EXPECT_EQ(endpoint->view().state, EndpointState::kIdle);
    serve(row.status, row.body);
    offer();
    EXPECT_EQ(to_string(endpoint->view().state), to_string(row.state)) << row.status;
    EXPECT_EQ(ended.size(), row.ended.size()) << row.status;
    EXPECT_EQ(endpoint->view().queued_profiles, row.queued) << row.status;
    EXPECT_EQ(endpoint->view().last_error.empty(), row.status == 200) << row.status;
  }
}

TEST_F(EndpointTest, WhatFailedIsTriedAgainUntilItIsTaken) {
  serve(503);
  offer();
  loop.advance(10s);
  EXPECT_GT(transport->exchanges().size(), 2u);
  serve(200);
  loop.advance(1min);
  EXPECT_THAT(ended, ElementsAre("sent"));
  EXPECT_EQ(endpoint->view().state, EndpointState::kWorking);
  EXPECT_EQ(endpoint->view().last_error, "");
}

TEST_F(EndpointTest, RetriesEndWhereTheSettingsSayAndNotWhenTheyKeep) {
  settings.backoff = {.min = 100ms, .max = 200ms, .max_retries = 3};
  make();
  serve(503);
  offer();
  loop.advance(1min);
  EXPECT_THAT(ended, ElementsAre("retries exhausted"));
  EXPECT_EQ(transport->exchanges().size(), 3u);

  settings.queue.keep_when_exhausted = true;
  endpoint->update(settings, nullptr);
  offer();
  loop.advance(5min);
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_EQ(endpoint->view().queued_profiles, 1u);
}

TEST_F(EndpointTest, ServerThatAsksForPatienceIsLeftAlone) {
  serve(503, "", {{"Retry-After", "30"}});
  offer();
  loop.advance(29s);
  EXPECT_EQ(transport->exchanges().size(), 1u);
  loop.advance(2s);
  EXPECT_EQ(transport->exchanges().size(), 2u);
}

TEST_F(EndpointTest, HeldItAsksWithOneProfileAndAnUpdateOpensIt) {
  serve(401);
  for (int i = 0; i < 5; ++i) offer();
  const std::size_t asked = transport->exchanges().size();
  EXPECT_EQ(endpoint->view().in_flight_limit, 1u);
  EXPECT_THAT(ended, IsEmpty()) << "nobody is judged by wrong credentials";
  serve(200);
  endpoint->update(settings, *transport->make_client({}, "d"));
  loop.run_until_idle();
  EXPECT_EQ(ended.size(), 5u);
  EXPECT_EQ(transport->exchanges().size(), asked + 5);
}

TEST_F(EndpointTest, AProfileAboveTheLimitIsRefusedBeforeItIsQueued) {
  settings.max_profile_bytes = 1000;
  make();
  offer(1001);
  EXPECT_THAT(ended, ElementsAre("too large"));
  EXPECT_THAT(transport->exchanges(), IsEmpty());
}

TEST_F(EndpointTest, ADrainEndsWithTheLastAnswer) {
  offer();
  EXPECT_FALSE(drain(10s));
  transport->exchanges().back()->respond(http::testing::answer(200, "application/proto", ""));
  loop.run_until_idle();
  EXPECT_TRUE(drained);
  EXPECT_THAT(ended, ElementsAre("sent"));
}

TEST_F(EndpointTest, ADrainGivesUpWhatDoesNotPassInTime) {
  offer();
  EXPECT_FALSE(drain(2s));
  loop.advance(2s);
  EXPECT_TRUE(drained);
  EXPECT_THAT(ended, ElementsAre("stopped"));
  EXPECT_TRUE(transport->exchanges().back()->cancelled());
}

TEST_F(EndpointTest, WithoutTimeADrainIsOverAtOnce) {
  offer();
  EXPECT_TRUE(drain(0s));
  EXPECT_THAT(ended, ElementsAre("stopped"));
}

TEST_F(EndpointTest, ADrainThatIsTakenBackCallsNobody) {
  offer();
  EXPECT_FALSE(drain(2s));
  endpoint->resume();
  loop.advance(5s);
  EXPECT_FALSE(drained);
  EXPECT_THAT(ended, IsEmpty());
}

}  // namespace
}  // namespace invar::delivery
