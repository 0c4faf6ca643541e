// A Writer looks at bodies that nobody has looked into: what the server would refuse anyway is refused here.
#include "codec/gzip.h"
#include "components/pyroscope/write/testing/writer_rig.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_write {
namespace {

using ::testing::HasSubstr;

class CheckTest : public WriterTest {
 protected:
  static std::string pprof_body(std::int64_t value, UnixNanos time_unix_ns, std::size_t padding = 0) {
    pprof::Profile data;
    data.sample_types = {{"cpu", "nanoseconds"}};
    data.functions = {{1, "main.work" + std::string(padding, 'x'), "", "", 0}};
    data.locations = {{1, 0, 0, {{1, 0, 0}}, false}};
    data.samples = {{{1}, {value}, {}}};
    data.time_unix_ns = time_unix_ns;
    std::string packed;
    codec::Deflater().gzip(pprof::serialize(data), packed);
    return packed;
  }
  pipeline::ProfilePtr unchecked(std::string body) {
    auto out = profile(std::move(body));
    out->checked = false;
    return out;
  }
  // What a sender that asks hears.
  std::optional<pipeline::Answer> ask(const pipeline::ProfilePtr& p) {
    std::optional<pipeline::Answer> heard;
    writer_->receiver()->accept_kept(p, [&](const pipeline::Answer& answer) { heard = answer; });
    loop_.run_until_idle();
    return heard;
  }
};

TEST_F(CheckTest, AGoodProfileIsSentAndStampedOnceWhenItHasNoTime) {
  serve_all();
  configure({endpoint()});
  const std::string timed = pprof_body(7, loop_.unix_ns()), untimed = pprof_body(7, 0);
  EXPECT_TRUE(ask(unchecked(timed))->accepted());
  EXPECT_TRUE(ask(unchecked(untimed))->accepted());
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_TRUE(sent_[0].ends_with(timed));
  EXPECT_TRUE(sent_[1].ends_with(untimed + delivery::time_suffix(true, loop_.unix_ns())));
}

TEST_F(CheckTest, ABodyThatIsNoProfileIsRefusedForGood) {
  configure({endpoint(), endpoint("http://two")});
  for (const char* body : {"not a profile", "\x1f\x8b\x08 broken gzip", "<html>"}) {
    const auto heard = ask(unchecked(body));
    ASSERT_TRUE(heard);
    EXPECT_FALSE(heard->accepted());
    EXPECT_TRUE(heard->permanent);
    EXPECT_THAT(heard->reason, HasSubstr("not a profile: "));
  }
  EXPECT_EQ(ledger().refused_by_reason.at("not a profile"), 3u);
  EXPECT_EQ(ledger("http://two").refused_by_reason.at("not a profile"), 3u);
  EXPECT_TRUE(http_->exchanges().empty());
}

TEST_F(CheckTest, AProfileWithoutAPositiveValueIsCountedAndNobodysMistake) {
  configure({endpoint()});
  EXPECT_TRUE(ask(unchecked(pprof_body(0, 1)))->accepted());
  EXPECT_EQ(ledger().refused_by_reason.at("empty profile"), 1u);
  EXPECT_TRUE(http_->exchanges().empty());
}

TEST_F(CheckTest, AConfiguredLimitHoldsForTheUncompressedProfileOfThatEndpoint) {
  serve_all();
  EndpointArguments limited = endpoint();
  limited.max_profile_bytes = 5'000;
  configure({limited, endpoint("http://two")});
  auto large =
      profile(pprof_body(7, loop_.unix_ns(), 10'000));  // checked by somebody who does not know this limit
  ASSERT_LT(large->body->size(), 1'000u);
  const auto heard = ask(large);
  EXPECT_FALSE(heard->accepted());
  EXPECT_THAT(heard->reason, HasSubstr("too large"));
  EXPECT_EQ(ledger().refused_by_reason.at("too large"), 1u);
  EXPECT_EQ(ledger("http://two").sent, 1u);
  offer(profile(pprof_body(7, loop_.unix_ns(), 1'000)));
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(CheckTest, WhatIsTooOldInsideIsRefusedForGood) {
  serve_all();
  const auto minutes_ago = [&](int n) { return pprof_body(7, loop_.unix_ns() - n * 60'000'000'000); };
  configure({endpoint()});
  const auto heard = ask(unchecked(minutes_ago(61)));
  EXPECT_FALSE(heard->accepted());
  EXPECT_TRUE(heard->permanent);
  EXPECT_THAT(heard->reason,
              ::testing::StartsWith("too old: it was taken at 2025-12-31T22:59:00Z, and max_age is 1h"));
  EXPECT_EQ(ledger().refused_by_reason.at("too old"), 1u);
  EXPECT_TRUE(sent_.empty());
  EXPECT_TRUE(ask(unchecked(minutes_ago(59)))->accepted());
  EXPECT_EQ(ledger().sent, 1u);
  configure({endpoint()}, {.max_age = Duration::zero()});
  EXPECT_TRUE(ask(unchecked(minutes_ago(100'000)))->accepted());
  EXPECT_EQ(ledger().sent, 2u);
}

TEST_F(CheckTest, TheTimeInsideSaysWhenItExpires) {
  serve_outage();
  EndpointArguments patient = endpoint();
  patient.max_backoff_retries = 0;
  configure({patient});
  EXPECT_TRUE(ask(unchecked(pprof_body(7, loop_.unix_ns() - 50 * 60'000'000'000)))->accepted());
  EXPECT_TRUE(ask(unchecked(pprof_body(7, loop_.unix_ns())))->accepted());
  loop_.advance(std::chrono::minutes(11));
  EXPECT_EQ(ledger().expired, 1u);
  EXPECT_EQ(ledger().queued, 1u);
}

TEST_F(CheckTest, WhatWeRefuseCountsAsDroppedInTheMetricsAndIsLogged) {
  configure({endpoint()}, {.max_memory_bytes = 10'000});
  ask(unchecked("not a profile"));
  const auto heard = ask(unchecked(std::string(10'000, 'x')));  // no use in coming again
  EXPECT_TRUE(heard->permanent);
  EXPECT_THAT(heard->reason, HasSubstr("too large: 10000 bytes, and the queue has room for 10000"));
  EXPECT_THAT(registry_->collect(),
              HasSubstr("pyroscope_write_dropped_profiles_total{component_id=\"pyroscope.write.test\","
                        "endpoint=\"http://one:4040\"} 2\n"));
  EXPECT_THAT(registry_->collect(),
              HasSubstr("pyroscope_write_dropped_bytes_total{component_id=\"pyroscope.write.test\","
                        "endpoint=\"http://one:4040\"} 10013\n"));
  EXPECT_EQ(logged("profiles were not delivered"), 1);
}

TEST_F(CheckTest, WhatWaitsForTheCheckIsBounded) {
  configure({endpoint()}, {.max_memory_bytes = 10'000});
  pool_.set_paused(true);
  for (int i = 0; i < 5; ++i) writer_->receiver()->accept(unchecked(std::string(4'000, 'x')));
  EXPECT_EQ(ledger().dropped_by_reason.at("memory full"), 3u);
  EXPECT_EQ(ledger().queued, 2u);
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_EQ(ledger().refused, 2u);
}

TEST_F(CheckTest, AStopDoesNotWaitForTheCheck) {
  serve_all();
  configure({endpoint()});
  pool_.set_paused(true);
  writer_->receiver()->accept(unchecked(pprof_body(7, loop_.unix_ns())));
  EXPECT_TRUE(stop(std::chrono::seconds(1)));
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(CheckTest, AnEndpointThatIsRemovedDuringTheCheckIsCounted) {
  serve_all();
  configure({endpoint(), endpoint("http://two")});
  pool_.set_paused(true);
  writer_->receiver()->accept(unchecked(pprof_body(7, loop_.unix_ns())));
  configure({endpoint("http://two")});
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_EQ(ledger().dropped_by_reason.at("endpoint removed"), 1u);
  EXPECT_EQ(ledger("http://two").sent, 1u);
}

}  // namespace
}  // namespace invar::components::pyroscope_write
