// A Writer looks at bodies that nobody has looked into: what the server would refuse anyway is refused here.
#include "components/pyroscope/write/testing/writer_rig.h"
#include "pprof/gzip.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_write {
namespace {

using testing::HasSubstr;

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
    pprof::Deflater().gzip(pprof::serialize(data), packed);
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
  const std::string timed = pprof_body(7, 1'767'225'600'000'000'000), untimed = pprof_body(7, 0);
  EXPECT_TRUE(ask(unchecked(timed))->accepted());
  EXPECT_TRUE(ask(unchecked(untimed))->accepted());
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_TRUE(sent_[0].ends_with(timed));
  EXPECT_TRUE(sent_[1].ends_with(untimed + time_suffix(true, loop_.unix_ns())));
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
  auto large = profile(pprof_body(7, 1, 10'000));  // checked by somebody who does not know this limit
  ASSERT_LT(large->body->size(), 1'000u);
  const auto heard = ask(large);
  EXPECT_FALSE(heard->accepted());
  EXPECT_THAT(heard->reason, HasSubstr("too large"));
  EXPECT_EQ(ledger().refused_by_reason.at("too large"), 1u);
  EXPECT_EQ(ledger("http://two").sent, 1u);
  offer(profile(pprof_body(7, 1, 1'000)));
  EXPECT_EQ(ledger().sent, 1u);
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
  writer_->receiver()->accept(unchecked(pprof_body(7, 1)));
  EXPECT_TRUE(stop(std::chrono::seconds(1)));
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(CheckTest, AnEndpointThatIsRemovedDuringTheCheckIsCounted) {
  serve_all();
  configure({endpoint(), endpoint("http://two")});
  pool_.set_paused(true);
  writer_->receiver()->accept(unchecked(pprof_body(7, 1)));
  configure({endpoint("http://two")});
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_EQ(ledger().dropped_by_reason.at("endpoint removed"), 1u);
  EXPECT_EQ(ledger("http://two").sent, 1u);
}

}  // namespace
}  // namespace invar::components::pyroscope_write
