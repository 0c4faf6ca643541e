// A Writer delivers: what is sent, how often, and what the accounts say.
#include "base/strings.h"
#include "components/pyroscope/write/testing/writer_rig.h"
#include "http/failures.h"
#include "syntax/json.h"

namespace invar::components::pyroscope_write {
namespace {

using http::FailureKind;
using http::testing::answer;
using http::testing::body_of;
using http::testing::failure;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

TEST_F(WriterTest, ADeliveredProfileIsSentOnceAndCounted) {
  http_->set_handler([](const auto&) { return ok(); }, milliseconds(30));
  configure({endpoint()});
  EXPECT_TRUE(offer(profile("0123456789")).accepted());
  EXPECT_EQ(ledger().queued, 1u);
  loop_.advance(milliseconds(30));
  EXPECT_EQ(ledger().sent, 1u);
  ASSERT_EQ(http_->exchanges().size(), 1u);
  EXPECT_EQ(http_->exchanges()[0]->request.url, "http://one:4040/push.v1.PusherService/Push");
  const std::string metrics = registry_->collect();
  for (const char* line : {"pyroscope_write_sent_bytes_total{component_id=\"pyroscope.write.test\",endpoint="
                           "\"http://one:4040\"} 10\n",
                           "pyroscope_write_sent_profiles_total{component_id=\"pyroscope.write.test\","
                           "endpoint=\"http://one:4040\"} 1\n",
                           "pyroscope_write_dropped_profiles_total{component_id=\"pyroscope.write.test\","
                           "endpoint=\"http://one:4040\"} 0\n",
                           "pyroscope_write_retries_total{component_id=\"pyroscope.write.test\",endpoint="
                           "\"http://one:4040\"} 0\n",
                           "pyroscope_write_latency_count{component_id=\"pyroscope.write.test\",endpoint=\"-"
                           "\",type=\"push_total\"} 1\n",
                           "endpoint=\"http://one:4040\",type=\"push_endpoint\"} 1\n",
                           "endpoint=\"http://one:4040\",type=\"push_downstream\"} 1\n",
                           "endpoint=\"http://one:4040\",type=\"push_downstream\",le=\"0.05\"} 1\n",
                           "endpoint=\"http://one:4040\",type=\"ingest_downstream\"} 0\n",
                           "pyroscope_write_queue_profiles{component_id=\"pyroscope.write.test\",endpoint="
                           "\"http://one:4040\"} 0\n",
                           "pyroscope_ledger_sent_total{component_id=\"pyroscope.write.test\",destination="
                           "\"http://one:4040\",profile=\"cpu\"} 1\n"})
    EXPECT_THAT(metrics, HasSubstr(line));
  EXPECT_TRUE(log_.empty());
}

TEST_F(WriterTest, TellsWhenEveryEndpointIsDoneWithAProfile) {
  http_->set_handler(
      [](const http::Request& request) {
        return request.url.contains("one") ? ok() : answer(400, "text/plain", "no");
      },
      milliseconds(30));
  configure({endpoint()});
  offer_many(1);
  EXPECT_TRUE(ended_.empty());
  loop_.advance(milliseconds(30));
  EXPECT_THAT(ended_, ::testing::ElementsAre("n1: "));
  configure({endpoint(), endpoint("http://two:4040")});
  offer_many(1);
  loop_.advance(milliseconds(30));
  ASSERT_EQ(ended_.size(), 2u);
  EXPECT_THAT(ended_[1], HasSubstr("n2: failed to push to endpoint http://two:4040"));
}

TEST_F(WriterTest, WithoutEndpointsEverythingIsAccepted) {
  configure({});
  EXPECT_TRUE(offer(profile()).accepted());
}

TEST_F(WriterTest, IngestBodiesGoTheirOwnWay) {
  http_->set_handler([](const auto&) { return answer(204, "", ""); });
  configure({endpoint()});
  auto body = std::make_shared<pipeline::Profile>(*profile("raw"));
  body->kind = pipeline::BodyKind::kIngest;
  body->ingest =
      std::make_shared<const pipeline::IngestInfo>(pipeline::IngestInfo{"/ingest", "name=x&from=1", {}});
  EXPECT_TRUE(offer(body).accepted());
  EXPECT_EQ(http_->exchanges()[0]->request.url,
            "http://one:4040/ingest?from=1&name=api%7Bservice_name%3Dapi%7D");
  EXPECT_EQ(ledger().sent, 1u);
  EXPECT_THAT(registry_->collect(), HasSubstr("endpoint=\"-\",type=\"ingest_total\"} 1\n"));
}

TEST_F(WriterTest, LabelsThatNoServerTakesAreRefusedWithTheReason) {
  configure({endpoint()});
  auto bad = std::make_shared<pipeline::Profile>(*profile());
  bad->labels = Labels{{"a\xff", "c"}};
  const pipeline::Answer refused = offer(bad);
  EXPECT_FALSE(refused.accepted());
  EXPECT_THAT(refused.reason, HasSubstr("invalid labels in profile"));
  EXPECT_EQ(ledger().refused_by_reason.at("invalid labels"), 1u);
  EXPECT_TRUE(http_->exchanges().empty());
}

// pyroscope-write.md 5: how often a profile is tried, by what the server keeps answering.
TEST_F(WriterTest, AttemptsFollowMaxBackoffRetries) {
  const struct {
    http::testing::Answer answer;
    std::int64_t retries;
    std::size_t attempts;
  } cases[] = {
      {answer(503, "text/plain", ""), 1, 1},
      {answer(503, "text/plain", ""), 3, 3},
      {answer(503, "text/plain", ""), 10, 10},
      {answer(503, "text/plain", ""), -1, 1},
      {answer(400, "text/plain", ""), 10, 1},
      {answer(413, "text/plain", ""), 10, 1},
      {answer(501, "text/plain", ""), 10, 1},
      {answer(429, "text/plain", ""), 3, 3},
      {failure(FailureKind::kConnect, "refused"), 3, 3},
      {answer(200, "text/html", ""), 3, 3},
  };
  int at = 0;
  for (const auto& c : cases) {
    http_->forget_exchanges();
    http_->set_handler([&](const auto&) { return c.answer; });
    EndpointArguments one = endpoint("http://host" + std::to_string(at++));
    one.max_backoff_retries = c.retries;
    configure({one}, {.max_age = Duration(0)});
    offer(profile());
    loop_.advance(hours(1));
    EXPECT_EQ(http_->exchanges().size(), c.attempts) << at;
    const pipeline::LedgerRow row = ledger(one.url.c_str());
    EXPECT_EQ(row.queued, 0u) << at;
    EXPECT_EQ(row.refused + row.dropped, 1u) << at;
  }
}

TEST_F(WriterTest, WithoutALimitItTriesForEver) {
  http_->set_handler([](const auto&) { return answer(503, "text/plain", ""); });
  EndpointArguments one = endpoint();
  one.max_backoff_retries = 0;
  configure({one}, {.max_age = Duration(0)});
  offer(profile());
  loop_.advance(hours(10));
  EXPECT_GT(http_->exchanges().size(), 100u);
  EXPECT_EQ(ledger().queued, 1u);
}

TEST_F(WriterTest, WaitsLieInTheDocumentedBoundsAndRequestsAreByteIdentical) {
  http_->set_handler([](const auto&) { return answer(503, "text/plain", ""); });
  configure({endpoint()});
  offer(profile());
  loop_.advance(hours(1));
  const double low[] = {0.5, 1, 2, 4, 8, 16, 32, 64, 128};
  const auto& exchanges = http_->exchanges();
  ASSERT_EQ(exchanges.size(), 10u);
  for (std::size_t i = 0; i + 1 < exchanges.size(); ++i) {
    const double wait =
        std::chrono::duration<double>(exchanges[i + 1]->sent_at - exchanges[i]->sent_at).count();
    EXPECT_GE(wait, low[i]) << i;
    EXPECT_LT(wait, 2 * low[i]) << i;
    EXPECT_EQ(body_of(exchanges[i + 1]->request), body_of(exchanges[0]->request));
  }
  EXPECT_EQ(ledger().dropped_by_reason.at("retries exhausted"), 1u);
  const std::string metrics = registry_->collect();
  EXPECT_THAT(metrics, HasSubstr("pyroscope_write_retries_total{component_id=\"pyroscope.write.test\","
                                 "endpoint=\"http://one:4040\"} 9\n"));
  EXPECT_THAT(metrics, HasSubstr("type=\"push_downstream\"} 10\n"));
  EXPECT_THAT(metrics, HasSubstr("pyroscope_write_dropped_profiles_total{component_id=\"pyroscope.write."
                                 "test\",endpoint=\"http://one:4040\"} 1\n"));
  EXPECT_EQ(
      logged("failed to push to endpoint http://one:4040 (10 retries): unavailable: 503 Service Unavailable"),
      1);
}

TEST_F(WriterTest, ProfilesAreKeptBeyondTheRetriesWhenAsked) {
  http_->set_handler([](const auto&) { return answer(503, "text/plain", ""); });
  EndpointArguments one = endpoint();
  one.max_backoff_retries = 2;
  configure({one}, {.on_retries_exhausted = "keep"});
  offer(profile());
  loop_.advance(minutes(30));
  EXPECT_EQ(ledger().queued, 1u);
  http_->set_handler([](const auto&) { return ok(); });
  loop_.advance(minutes(6));
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(WriterTest, RetryAfterIsHonoured) {
  int calls = 0;
  http_->set_handler([&](const auto&) -> http::testing::Answer {
    if (++calls == 1) return answer(429, "text/plain", "", {{"Retry-After", "40"}});
    return ok();
  });
  configure({endpoint()});
  offer(profile());
  offer(profile());  // the whole endpoint waits
  loop_.advance(milliseconds(39'900));
  EXPECT_EQ(calls, 1);
  loop_.advance(seconds(3));
  EXPECT_EQ(ledger().sent, 2u);
}

TEST_F(WriterTest, AnAttemptEndsAtItsTimeout) {
  EndpointArguments one = endpoint();
  one.remote_timeout = seconds(3);
  configure({one});
  offer(profile());
  loop_.advance(milliseconds(2'900));
  EXPECT_EQ(http_->in_flight(), 1u);
  loop_.advance(milliseconds(200));
  EXPECT_EQ(http_->in_flight(), 0u);
  EXPECT_EQ(logged("no answer within 3s"), 1);
}

TEST_F(WriterTest, OneFailingEndpointOfTenCostsTheOthersNothing) {
  http_->set_handler([](const http::Request& request) -> std::optional<http::testing::Answer> {
    if (request.url.starts_with("http://bad")) return answer(500, "text/plain", "");
    return ok();
  });
  std::vector<EndpointArguments> endpoints;
  for (int i = 0; i < 9; ++i) endpoints.push_back(endpoint("http://good" + std::to_string(i)));
  endpoints.push_back(endpoint("http://bad"));
  configure(endpoints);
  offer(profile());
  loop_.advance(hours(1));
  for (int i = 0; i < 9; ++i) EXPECT_EQ(ledger(("http://good" + std::to_string(i)).c_str()).sent, 1u);
  EXPECT_EQ(ledger("http://bad").dropped, 1u);
  EXPECT_EQ(http_->exchanges().size(), 9u + 10u);
}

TEST_F(WriterTest, AHangingEndpointDelaysNothingElse) {
  http_->set_handler([](const http::Request& request) -> std::optional<http::testing::Answer> {
    if (request.url.starts_with("http://hangs")) return std::nullopt;
    return ok();
  });
  configure({endpoint("http://hangs"), endpoint()});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(offer(profile()).accepted());
  EXPECT_EQ(ledger().sent, 100u);
  EXPECT_EQ(ledger("http://hangs").queued, 100u);
  EXPECT_LE(http_->in_flight(), 8u);
}

TEST_F(WriterTest, InFlightPushesAdaptToTheServer) {
  http_->set_handler([](const auto&) { return ok(); }, milliseconds(300));
  configure({endpoint()});
  std::size_t most = 0;
  for (int i = 0; i < 3000; ++i) {
    writer_->receiver()->accept(profile());
    if (i % 30 == 0) {
      loop_.advance(milliseconds(300));
      most = std::max(most, http_->in_flight());
    }
  }
  EXPECT_GT(most, 16u);
  EXPECT_LE(most, 32u);
  http_->set_handler([](const auto&) { return answer(503, "text/plain", ""); }, milliseconds(300));
  loop_.advance(minutes(2));
  EXPECT_LE(http_->in_flight(), 1u);  // a probe at a time
}

TEST_F(WriterTest, AnOutageCostsFewProfilesTheirAttemptsAndAllIsSentAfterwards) {
  http_->set_handler([](const auto&) { return failure(FailureKind::kConnect, "refused"); });
  configure({endpoint()});
  for (int i = 0; i < 600; ++i) {
    offer(profile());
    loop_.advance(seconds(1));
  }
  EXPECT_LT(ledger().dropped, 30u);
  EXPECT_LT(http_->exchanges().size(), 250u);
  http_->set_handler([](const auto&) { return ok(); }, milliseconds(300));
  loop_.advance(minutes(6));  // the longest wait
  EXPECT_EQ(ledger().queued, 0u);
  EXPECT_EQ(ledger().sent + ledger().dropped, 600u);
  EXPECT_EQ(logged("endpoint is failing"), 1);
  EXPECT_EQ(logged("endpoint takes profiles again"), 1);
}

TEST_F(WriterTest, LiveProfilesAndTheBacklogTakeTurns) {
  http_->set_handler([](const auto&) { return failure(FailureKind::kConnect, "refused"); });
  configure({endpoint()});
  for (int i = 0; i < 3000; ++i) writer_->receiver()->accept(profile("old"));
  loop_.advance(minutes(1));
  http_->set_handler([](const auto&) { return ok(); }, milliseconds(500));
  loop_.advance(seconds(16));  // the probe finds it back
  ASSERT_GT(ledger().queued, 100u);
  http_->forget_exchanges();
  offer(profile("live"));
  loop_.advance(seconds(1));
  const auto live =
      std::ranges::count_if(http_->exchanges(), [](const auto& e) { return *e->request.body == "live"; });
  EXPECT_EQ(live, 1);
  EXPECT_GT(http_->exchanges().size(), 2u);
}

TEST_F(WriterTest, ProfilesAboveTheAgeAreNotSent) {
  http_->set_handler([](const auto&) { return failure(FailureKind::kConnect, "refused"); });
  EndpointArguments one = endpoint();
  one.max_backoff_retries = 0;
  configure({one}, {.max_age = minutes(10)});
  for (int i = 0; i < 5; ++i) offer(profile());
  auto old = std::make_shared<pipeline::Profile>(*profile());
  old->taken_unix_ns -= std::chrono::nanoseconds(hours(1)).count();
  offer(old);  // too old already
  EXPECT_EQ(ledger().expired, 1u);
  loop_.advance(minutes(9));
  EXPECT_EQ(ledger().expired, 1u);
  loop_.advance(minutes(2));
  EXPECT_EQ(ledger().expired, 6u);
  EXPECT_EQ(ledger().queued, 0u);
}

TEST_F(WriterTest, MemoryIsBoundedAndTheOldestGoesFirst) {
  configure({endpoint()}, {.max_memory_bytes = 20'000, .max_disk_bytes = 0});
  std::vector<pipeline::ProfilePtr> profiles;
  for (int i = 0; i < 30; ++i) {
    auto p = std::make_shared<pipeline::Profile>(*profile(std::string(1000, 'x')));
    p->id = "n" + std::to_string(i);
    offer(p);
  }
  EXPECT_EQ(ledger().dropped, ledger().dropped_by_reason.at("memory full"));
  EXPECT_GT(ledger().dropped, 10u);
  EXPECT_EQ(logged("profiles were not delivered"), 1);  // one line, not one per profile
  http_->set_handler([](const auto&) { return ok(); });
  reply_all(ok());
  std::set<std::string> sent;
  for (const auto& exchange : http_->exchanges()) sent.insert(exchange->request.body_tail);
  EXPECT_TRUE(sent.contains("\x12\x03n29"));
  EXPECT_TRUE(sent.contains("\x12\x02n0"));    // was in flight
  EXPECT_FALSE(sent.contains("\x12\x03n10"));  // the oldest that waited
  EXPECT_EQ(ledger().queued, 0u);
}

TEST_F(WriterTest, AProfileLargerThanTheQueueIsCounted) {
  configure({endpoint()}, {.max_memory_bytes = 1000});
  offer(profile(std::string(5000, 'x')));
  EXPECT_EQ(ledger().dropped_by_reason.at("memory full"), 1u);
}

// As Pyroscope says it, with its default rate.
http::testing::Answer over_rate(const std::string& size) {
  return answer(
      429, "application/json",
      R"({"code":"resource_exhausted","message":"push rate limit (4.0 MiB) exceeded while adding )" + size +
          "\"}");
}

TEST_F(WriterTest, ABurstLimitThatAProfileCanNeverFitIsRecognised) {
  int asked = 0;
  http_->set_handler([&](const http::Request& request) -> http::testing::Answer {
    if (request.body->size() <= 1000) return ok();
    ++asked;
    return over_rate("2.2 MiB");
  });
  configure({endpoint()}, {.on_retries_exhausted = "keep"});
  offer(profile(std::string(2000, 'x')));  // nothing else comes: the server has taken nothing yet
  loop_.advance(seconds(2));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(ledger().refused_by_reason.at("rate limit: larger than the burst"), 1u);
  EXPECT_THAT(syntax::body_to_json(writer_->debug_info()),
              HasSubstr("larger than the burst that the server takes at once, and can never pass"));
  for (int i = 0; i < 5; ++i) offer(profile(std::string(2000, 'x')));
  for (int i = 0; i < 60; ++i) offer(profile("small"));
  loop_.advance(seconds(20));
  EXPECT_EQ(asked, 12);
  EXPECT_EQ(ledger().refused, 6u);
  EXPECT_EQ(ledger().sent, 60u);
}

TEST_F(WriterTest, ALimitThatAProfileMayFitLaterIsNoReasonToRefuseIt) {
  const http::testing::Answer answers[] = {
      over_rate("50 KiB"),                     // others fill the bucket
      over_rate("1.9 MiB"),                    // the default burst is half the rate
      answer(429, "text/plain", "slow down"),  // counts requests, perhaps
      answer(
          429, "application/json",
          R"({"code":"resource_exhausted","message":"limit of 10 GiB/day reached, next reset at 12:00"})")};
  for (const auto& busy : answers) {
    bool full = true;
    http_->set_handler(
        [&](const http::Request& request) { return full && request.body->size() > 1000 ? busy : ok(); });
    configure({endpoint()});
    const auto before = ledger();
    offer(profile(std::string(2000, 'x')));
    for (int i = 0; i < 50; ++i) {
      loop_.advance(milliseconds(200));
      offer(profile("small"));
    }
    full = false;
    loop_.advance(seconds(30));
    EXPECT_EQ(ledger().sent - before.sent, 51u);
    EXPECT_EQ(ledger().refused, 0u);
  }
}

TEST_F(WriterTest, AServersSizesWithoutMeasureAreSurvived) {
  http_->set_handler([](const auto&) {
    return answer(
        429, "application/json",
        R"({"code":"resource_exhausted","message":"push rate limit (1 B) exceeded while adding 8000000 TiB"})");
  });
  configure({endpoint()});
  offer(profile());
  loop_.advance(minutes(4));
  EXPECT_EQ(ledger().queued, 1u);
  loop_.advance(minutes(2));  // max_backoff_period is the longest wait
  EXPECT_EQ(ledger().refused_by_reason.at("rate limit: larger than the burst"), 1u);
}

TEST_F(WriterTest, AServerThatHasTakenOneAsLargeHasALargerBurst) {
  int refusals = 4;
  http_->set_handler(
      [&](const http::Request&) { return refusals < 4 && refusals++ < 3 ? over_rate("3.0 MiB") : ok(); });
  configure({endpoint()});
  offer(profile(std::string(2000, 'x')));
  refusals = 0;
  offer(profile(std::string(2000, 'y')));
  loop_.advance(seconds(30));
  EXPECT_EQ(ledger().sent, 2u);
}

TEST_F(WriterTest, RefusedCredentialsKeepTheProfilesUntilTheyAreMended) {
  http_->set_handler([](const auto&) { return answer(401, "text/plain", ""); });
  configure({endpoint()});
  for (int i = 0; i < 20; ++i) offer(profile());
  loop_.advance(minutes(30));
  EXPECT_EQ(ledger().queued, 20u);
  EXPECT_LT(http_->exchanges().size(), 60u);  // asks now and then
  EXPECT_EQ(logged("endpoint refuses the credentials"), 1);
  EXPECT_EQ(logged("check basic_auth"), 1);

  http_->set_handler([](const auto&) { return ok(); });
  EndpointArguments mended = endpoint();
  mended.client.bearer_token = {"new"};
  configure({mended});
  loop_.run_until_idle();
  EXPECT_EQ(ledger().sent, 20u);
  EXPECT_EQ(logged("endpoint takes profiles again"), 1);
}

TEST_F(WriterTest, CredentialsMendedInTheirFileAreNoticed) {
  http_->set_handler([](const auto&) { return answer(401, "text/plain", ""); });
  configure({endpoint()});
  for (int i = 0; i < 20; ++i) offer(profile());
  loop_.advance(minutes(10));
  http_->set_handler([](const auto&) { return ok(); });
  loop_.advance(minutes(2));
  EXPECT_EQ(ledger().sent, 20u);
}

TEST_F(WriterTest, RefusalsAreOneLineAndAStateNotOnePerPush) {
  http_->set_handler([](const auto&) { return answer(413, "text/plain", "4 MB"); });
  configure({endpoint()});
  for (int i = 0; i < 100; ++i) offer(profile());
  EXPECT_EQ(ledger().refused_by_reason.at("too large"), 100u);
  EXPECT_EQ(logged("endpoint refuses profiles"), 1);
  EXPECT_EQ(logged("profiles were not delivered"), 1);
  EXPECT_THAT(syntax::body_to_json(writer_->debug_info()), HasSubstr("refuses bodies of this size (4 MB)"));
}

TEST_F(WriterTest, AWrongAddressHoldsTheQueueUntilItIsMended) {
  bool moved = true;
  http_->set_handler([&](const auto&) { return moved ? answer(404, "text/plain", "no such page") : ok(); });
  configure({endpoint()}, {.max_age = Duration(0)});
  for (int i = 0; i < 5; ++i) offer(profile());
  loop_.advance(hours(1));
  EXPECT_EQ(ledger().queued, 5u);
  EXPECT_EQ(logged("endpoint is not reached at its address; profiles are queued until it is mended"), 1);
  const std::string shown = syntax::body_to_json(writer_->debug_info());
  EXPECT_THAT(shown, HasSubstr("held: wrong address"));
  EXPECT_THAT(shown, HasSubstr("was not found under http://one:4040 (no such page)"));
  moved = false;
  loop_.advance(minutes(1));
  EXPECT_EQ(ledger().sent, 5u);
  EXPECT_THAT(syntax::body_to_json(writer_->debug_info()), ::testing::Not(HasSubstr("last_error")));
}

TEST_F(WriterTest, AProfileWhoseAnswerCannotBeReadIsSentOnceMore) {
  http_->set_handler([](const auto&) { return std::unexpected(http::body_too_large("one:4040", 1024)); });
  configure({endpoint()});
  offer(profile());
  loop_.advance(hours(1));
  EXPECT_EQ(http_->exchanges().size(), 2u);
  EXPECT_EQ(ledger().dropped_by_reason.at("unreadable answer"), 1u);
}

TEST_F(WriterTest, APoisonousProfileDoesNotHoldUpTheOthers) {
  http_->set_handler([](const http::Request& request) -> http::testing::Answer {
    if (*request.body == "poison")
      return answer(500, "application/json", R"({"code":"unknown","message":"panic"})");
    return ok();
  });
  configure({endpoint()});
  for (int i = 0; i < 300; ++i) {
    offer(profile(i == 0 ? "poison" : "good"));
    loop_.advance(seconds(1));
  }
  EXPECT_EQ(ledger().sent, 299u);
}

}  // namespace
}  // namespace invar::components::pyroscope_write
