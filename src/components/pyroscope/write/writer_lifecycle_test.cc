// A Writer while settings change, while it stops, and through all of it at once.
#include "base/strings.h"
#include "components/pyroscope/write/testing/writer_rig.h"
#include "syntax/json.h"

namespace invar::components::pyroscope_write {
namespace {

using http::FailureKind;
using http::testing::answer;
using http::testing::failure;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- changes of settings

TEST_F(WriterTest, TheReceiverAndTheQueueStayWhenSettingsChange) {
  configure({endpoint()});
  const auto receiver = writer_->receiver();
  for (int i = 0; i < 20; ++i) offer(profile());
  const std::size_t clients = http_->clients_made();
  EndpointArguments changed = endpoint();
  changed.headers = {{"X-Scope-OrgID", "other"}};
  configure({changed, endpoint("http://two")});
  EXPECT_EQ(writer_->receiver(), receiver);
  EXPECT_EQ(http_->clients_made(), clients + 1);  // the first endpoint keeps its connections
  http_->set_handler([](const auto&) { return ok(); });
  reply_all(ok());
  EXPECT_EQ(ledger().sent, 20u);
  EXPECT_EQ(http_->exchanges().back()->request.headers.get("X-Scope-OrgID"), "other");
  EXPECT_EQ(ledger("http://two").taken, 0u);
}

TEST_F(WriterTest, APushInFlightSurvivesANewClient) {
  configure({endpoint()});
  offer(profile());
  EndpointArguments changed = endpoint();
  changed.client.bearer_token = {"t"};
  configure({changed});
  loop_.run_until_idle();
  ASSERT_EQ(http_->exchanges().size(), 1u);  // not sent twice
  EXPECT_TRUE(http_->exchanges()[0]->open());
  reply_all(ok());
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(WriterTest, AChangeThatFailsChangesNothing) {
  configure({endpoint()});
  Arguments broken;
  broken.endpoints = {endpoint("http://two")};
  http_->fail_next_client({ErrorCode::kNotFound, "unable to read CA cert: unable to read file /x"});
  const auto done = writer_->configure(broken);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("unable to read CA cert"));
  http_->set_handler([](const auto&) { return ok(); });
  offer(profile());
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(WriterTest, ARemovedEndpointIsDrained) {
  configure({endpoint(), endpoint("http://two")});
  for (int i = 0; i < 20; ++i) offer(profile());
  configure({endpoint("http://two")});
  offer(profile());
  EXPECT_EQ(ledger().taken, 20u);
  EXPECT_EQ(ledger("http://two").taken, 21u);
  http_->set_handler([](const auto&) { return ok(); });
  reply_all(ok());
  EXPECT_EQ(ledger().sent, 20u);
}

TEST_F(WriterTest, ARemovedEndpointThatCannotDeliverIsGivenUpAndCounted) {
  configure({endpoint()});
  for (int i = 0; i < 20; ++i) offer(profile());
  configure({});
  loop_.advance(minutes(2));
  EXPECT_EQ(ledger().dropped_by_reason.at("endpoint removed"), 20u);
}

TEST_F(WriterTest, TwoEndpointsWithOneUrlShareTheirSeriesAndBalance) {
  http_->set_handler([](const auto&) { return ok(); });
  configure({endpoint(), endpoint()});
  offer(profile());
  EXPECT_EQ(http_->exchanges().size(), 2u);
  EXPECT_EQ(ledger().sent, 2u);
  const std::string metrics = registry_->collect();
  EXPECT_EQ(metrics.find("pyroscope_write_queue_bytes{"), metrics.rfind("pyroscope_write_queue_bytes{"));
}

TEST_F(WriterTest, APasswordInTheUrlIsShownNowhere) {
  http_->set_handler([](const auto&) { return answer(404, "text/plain", ""); });
  configure({endpoint("http://user:hunter2@one:4040")});
  offer(profile());
  EXPECT_THAT(http_->exchanges()[0]->request.url, HasSubstr("hunter2"));
  EXPECT_THAT(registry_->collect(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(syntax::body_to_json(writer_->debug_info()), Not(HasSubstr("hunter2")));
  for (const auto& line : log_) EXPECT_THAT(line, Not(HasSubstr("hunter2")));
}

// ---- stopping

TEST_F(WriterTest, StoppingWithNothingToDoIsDoneAtOnce) {
  configure({endpoint()});
  const auto receiver = writer_->receiver();
  EXPECT_TRUE(stop());
  const pipeline::Answer after = receiver->accept(profile());
  EXPECT_FALSE(after.accepted());
  EXPECT_EQ(after.reason, "component stopped");
}

TEST_F(WriterTest, StoppingFlushesWhatTheServerStillTakes) {
  http_->set_handler([](const auto&) { return ok(); }, milliseconds(100));
  configure({endpoint()});
  for (int i = 0; i < 50; ++i) writer_->receiver()->accept(profile());
  bool done = false;
  writer_->stop([&] { done = true; });
  loop_.advance(seconds(1));
  EXPECT_TRUE(done);
  EXPECT_EQ(ledger().sent, 50u);
}

TEST_F(WriterTest, StoppingInAnOutageEndsAtTheDeadlineAndCountsTheRest) {
  configure({endpoint(), endpoint("http://two")}, {.max_disk_bytes = 0});
  for (int i = 0; i < 50; ++i) offer(profile());
  bool done = false;
  writer_->stop([&] { done = true; });
  loop_.advance(milliseconds(1400));
  EXPECT_FALSE(done);
  loop_.advance(milliseconds(200));
  EXPECT_TRUE(done);
  EXPECT_EQ(ledger().dropped_by_reason.at("stopped"), 50u);
  EXPECT_EQ(logged("profiles were dropped at the end"), 2);  // one for each endpoint, with the number
  EXPECT_EQ(logged("profiles=50"), 2);
  EXPECT_EQ(http_->in_flight(), 0u);
}

TEST_F(WriterTest, DestructionWithoutStopLeavesTheAccountsBalanced) {
  configure({endpoint()});
  for (int i = 0; i < 20; ++i) offer(profile());
  writer_.reset();
  EXPECT_EQ(http_->in_flight(), 0u);
  loop_.run_until_idle();
}

// ---- everything at once: random answers, times, changes of settings; the ledger balances at every step.

TEST_F(WriterTest, TheLedgerBalancesThroughChaos) {
  std::mt19937 random(2024);
  std::set<std::string> delivered;
  const auto serve = [&](const http::Request& request) -> std::optional<http::testing::Answer> {
    switch (random() % 10) {
      case 0:
        return answer(500, "text/plain", "");
      case 1:
        return answer(429, "text/plain", "", {{"Retry-After", "2"}});
      case 2:
        return failure(FailureKind::kConnect, "reset");
      case 3:
        return answer(502, "text/html", "<html>");
      case 4:
        return std::nullopt;  // hangs
      default:
        delivered.insert(request.body_tail);
        return ok();
    }
  };
  http_->set_handler(serve, milliseconds(50));
  std::uint64_t offered = 0;
  for (int step = 0; step < 2000; ++step) {
    auto p = std::make_shared<pipeline::Profile>(*profile());
    p->id = std::to_string(offered++);
    writer_->receiver()->accept(p);
    if (step % 97 == 0) {
      EndpointArguments one = endpoint();
      one.remote_timeout = milliseconds(500 + random() % 3000);
      if (random() % 2) one.client.bearer_token = {std::to_string(random())};
      configure({one}, {.on_retries_exhausted = "keep"});
    }
    loop_.advance(milliseconds(random() % 400));
    ASSERT_TRUE(writer_->ledger(kUrl).balances());
  }
  http_->set_handler(
      [&](const http::Request& request) -> std::optional<http::testing::Answer> {
        delivered.insert(request.body_tail);
        return ok();
      },
      milliseconds(50));
  loop_.advance(minutes(10));
  EXPECT_EQ(ledger().queued, 0u);
  EXPECT_EQ(ledger().taken, offered - 1);  // the first came before there was an endpoint
  EXPECT_EQ(ledger().sent, offered - 1);
  EXPECT_EQ(delivered.size(), offered - 1);
}

}  // namespace
}  // namespace invar::components::pyroscope_write
