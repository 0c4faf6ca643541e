// Deltas over scrapes, refusals and restarts of either side: what is sent is exact.
#include "components/pyroscope/scrape/testing/pool_fixture.h"

namespace invar::components::pyroscope_scrape {
namespace {

using namespace testing_support;

TEST_F(ScrapePoolTest, DeltaTypesHaveDataWithinTwoIntervals) {
  only("memory");
  targets(20);
  std::int64_t objects = 10;
  transport_->set_handler([&](const http::Request&) {
    objects += 5;
    return answer(200, type_, heap(objects, objects * 10, objects * 1'000'000));
  });
  start();
  loop_.advance(seconds(30));
  EXPECT_EQ(receiver_->taken.size(), 20U);
}

TEST_F(ScrapePoolTest, DeltasLoseNothingWhenAReceiverRefuses) {
  scrape_memory_once(heap(10, 100));
  EXPECT_TRUE(receiver_->taken.empty()) << "the first profile is the baseline";
  EXPECT_EQ(shown("health").as_string(), "up");

  body_ = heap(15, 150, 2'000'000'000);
  receiver_->refuse = true;
  loop_.advance(seconds(15));
  EXPECT_EQ(shown("health").as_string(), "down");
  EXPECT_EQ(error(), "taken from the target, but not accepted downstream: queue is full");

  body_ = heap(18, 180, 3'000'000'000);
  receiver_->refuse = false;
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(values_of(*receiver_->taken[0]), (std::vector<std::int64_t>{8, 80, 1, 64})) << "both intervals";
  EXPECT_EQ(receiver_->taken[0]->labels.get("__delta__"), "false");
}

// With `seconds` Go answers /debug/pprof/allocs with a difference, which says how long it lasted.
TEST_F(ScrapePoolTest, AProfileThatTheTargetMadeADifferenceIsSentAsItIs) {
  only("memory");
  arguments_.profiling.memory.delta = true;
  targets(1);
  body_ = heap(10, 100, 1'000'000'000, 0x1234, 14'000'000'000);
  start();
  loop_.advance(seconds(15));
  body_ = heap(12, 120, 16'000'000'000, 0x1234, 14'000'000'000);
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 2U) << "the first one already";
  EXPECT_EQ(values_of(*receiver_->taken[1])[0], 12);
  EXPECT_EQ(receiver_->taken[1]->labels.get("__delta__"), "false");
}

TEST_F(ScrapePoolTest, TotalsOfATargetThatIgnoresSecondsBecomeDeltas) {
  only("memory");
  arguments_.profiling.memory.delta = true;
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
  body_ = heap(12, 120, 16'000'000'000);
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(values_of(*receiver_->taken[0])[0], 2);
}

TEST_F(ScrapePoolTest, DeltaTypesSayWhatAFirstLookFindsInTheSameWords) {
  scrape_memory_once("ab");
  EXPECT_TRUE(error().starts_with("invalid profile data: data too short for pprof format")) << error();
  body_ = "\x0e\x01\x02";
  loop_.advance(seconds(15));
  EXPECT_TRUE(
      error().starts_with("invalid profile data: invalid protobuf data: illegal wireType 6 (expected 0-5), "
                          "first bytes: 0e0102"))
      << error();
}

TEST_F(ScrapePoolTest, BaselinesSurviveARestart) {
  scrape_memory_once(heap(10, 100));
  stop();
  body_ = heap(11, 110, 2'000'000'000);
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 1U) << "the first scrape after the restart is a delta already";
}

TEST_F(ScrapePoolTest, ATargetThatRestartedMeanwhileIsNotMistakenForTheOldOne) {
  scrape_memory_once(heap(10, 100));
  stop();
  body_ = heap(3, 30, 2'000'000'000);
  start();
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(values_of(*receiver_->taken[0]), (std::vector<std::int64_t>{3, 30, 1, 64}))
      << "what the new process did, nothing negative";
  EXPECT_TRUE(
      metric("pyroscope_scrape_delta_resets_total{component_id=\"pyroscope.scrape.t\",kind=\"restart\","
             "profile=\"memory\"} "
             "1"));
}

TEST_F(ScrapePoolTest, SeveralProcessesBehindOneAddressAreToldApart) {
  const auto series = [](std::string_view kind) {
    return fmt::format(
        "pyroscope_scrape_delta_resets_total{{component_id=\"pyroscope.scrape.t\",kind=\"{}\",profile="
        "\"memory\"}} ",
        kind);
  };
  scrape_memory_once(heap(1'000'000, 1'000'000));
  for (int i = 1; i <= 6; ++i) {
    const std::int64_t objects = (i % 2 == 0 ? 1'000'000 : 300'000) + 10 * i;
    body_ = heap(objects, objects, (1 + i) * 1'000'000'000LL);
    loop_.advance(seconds(15));
  }
  ASSERT_EQ(receiver_->taken.size(), 6U);
  EXPECT_EQ(values_of(*receiver_->taken[0])[0], 300'010) << "taken for a restart";
  for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(values_of(*receiver_->taken[i])[0], 20) << i;
  EXPECT_EQ(shown("processes").to_text(), "2");
  EXPECT_TRUE(metric(series("restart") + "1"));
  EXPECT_TRUE(metric("pyroscope_scrape_shared_addresses{component_id=\"pyroscope.scrape.t\"} 1"));
  EXPECT_EQ(
      std::ranges::count_if(
          log_, [](const auto& line) { return line.find("several processes answer") != std::string::npos; }),
      1);
  body_ = heap(700'000, 700'000, 20'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 6U) << "a third one: its totals did not happen now";
  EXPECT_TRUE(metric(series("unknown_process") + "1"));
}

// Seconds or milliseconds where nanoseconds belong, 1970, the far future.
TEST_F(ScrapePoolTest, ATimeThatCannotBeRightIsReplacedByThatOfTheScrape) {
  const auto taken_at = [this](std::size_t i) {
    std::string raw, scratch;
    return pprof::validate_body(*receiver_->taken.at(i)->body, "", 1 << 20, scratch)->time_unix_ns;
  };
  scrape_memory_once(heap(10, 100, 1'767'225'600 - kStart));
  body_ = heap(15, 150, 1'767'225'615'000 - kStart);
  loop_.advance(seconds(15));
  EXPECT_EQ(taken_at(0), receiver_->taken[0]->taken_unix_ns);
  EXPECT_EQ(values_of(*receiver_->taken[0])[0], 5);
  EXPECT_NE(shown("problem").as_string().find("a time that cannot be right (1970-01-01T00:29:27"),
            std::string::npos)
      << shown("problem").as_string();
  EXPECT_EQ(shown("health").as_string(), "up");
  body_ = heap(20, 200, 4'000'000'000'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_EQ(taken_at(1), receiver_->taken[1]->taken_unix_ns);
  body_ = heap(25, 250, 60'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_EQ(taken_at(2), kStart + 60'000'000'000);
  EXPECT_TRUE(shown("problem").is_null());
  EXPECT_EQ(std::ranges::count_if(
                log_, [](const auto& line) { return line.find("cannot be right") != std::string::npos; }),
            1);
}

TEST_F(ScrapePoolTest, AProfileThatPassesThroughIsStampedTheSameWay) {
  targets(1);
  pprof::Profile p;
  p.sample_types = {{"goroutine", "count"}};
  p.locations = {{.id = 1, .address = 0x10}};
  p.samples = {{.location_ids = {1}, .values = {3}}};
  p.time_unix_ns = 1'767'225'600;
  body_ = pprof::serialize(p);
  start();
  loop_.advance(seconds(15));
  std::string scratch;
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(pprof::validate_body(*receiver_->taken[0]->body, "", 1 << 20, scratch)->time_unix_ns,
            receiver_->taken[0]->taken_unix_ns);
}

TEST_F(ScrapePoolTest, AKnownFormatThatIsNoProfileIsNamed) {
  scrape_memory_once("heap profile: 12: 3456 [78: 91011] @ heap/1048576\n");
  EXPECT_EQ(
      error(),
      "invalid profile data: this is Go's text form of a profile (debug=1): leave the parameter debug out of "
      "params and of the path");
}

TEST_F(ScrapePoolTest, AClockThatIsSetBackIsNoRestart) {
  scrape_memory_once(heap(1'000'000, 1'000'000, 9'000'000'000));
  body_ = heap(1'000'010, 1'000'100, 5'000'000'000);
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(values_of(*receiver_->taken[0]), (std::vector<std::int64_t>{10, 100, 1, 64}));
  EXPECT_TRUE(
      metric("pyroscope_scrape_delta_resets_total{component_id=\"pyroscope.scrape.t\",kind=\"clock_back\","
             "profile=\"memory\"} "
             "1"));
}

TEST_F(ScrapePoolTest, AKilledProcessNeverSendsAnIntervalTwice) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(std::chrono::minutes(5) + milliseconds(1));  // stored once, in between
  ASSERT_TRUE(files_->stat("/data/scrape/baselines"));
  body_ = heap(25, 250, 2'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_EQ(values_of(*receiver_->taken.back())[0], 15);
  pool_.reset();  // killed: nothing is stored
  receiver_->taken.clear();
  body_ = heap(26, 260, 3'000'000'000);
  start();
  loop_.advance(seconds(15));
  EXPECT_TRUE(receiver_->taken.empty()) << "the stored baseline is older than what was sent";
  body_ = heap(28, 280, 4'000'000'000);
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(values_of(*receiver_->taken[0])[0], 2);
}

TEST_F(ScrapePoolTest, ABaselineStoredInBetweenServesWhenNoScrapeFollowed) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(std::chrono::minutes(5) + milliseconds(1));
  pool_.reset();  // killed right after
  receiver_->taken.clear();
  body_ = heap(11, 110, 2'000'000'000);
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 1U);
}

TEST_F(ScrapePoolTest, StopWaitsForTheStoreUnderWayAndWritesLast) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(std::chrono::minutes(5) - seconds(15));
  pool_workers_.set_paused(true);
  loop_.advance(seconds(16));
  bool stopped = false;
  pool_->stop([&] { stopped = true; });
  loop_.run_until_idle();
  EXPECT_FALSE(stopped);
  pool_workers_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_TRUE(stopped);
  pool_.reset();
  receiver_->taken.clear();
  body_ = heap(11, 110, 2'000'000'000);
  loop_.advance(std::chrono::hours(1));
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 1U) << "what is stored at stop is good for ever";
}

TEST_F(ScrapePoolTest, ADamagedBaselineFileIsACleanStartWithOneLine) {
  scrape_memory_once(heap(10, 100));
  stop();
  auto bytes = *files_->read_file("/data/scrape/baselines");
  bytes[bytes.size() - 3] ^= 0x55;
  ASSERT_TRUE(files_->write_file_atomically("/data/scrape/baselines", bytes, 0640, false));
  log_.clear();
  start();
  EXPECT_EQ(std::ranges::count_if(
                log_, [](const auto& l) { return l.find("stored baselines") != std::string::npos; }),
            1);
  loop_.advance(seconds(15));
  EXPECT_TRUE(receiver_->taken.empty());
}

TEST_F(ScrapePoolTest, MetricsOfBaselines) {
  scrape_memory_once(heap(10, 100));
  EXPECT_EQ(
      registry_->collect().find("pyroscope_scrape_baseline_bytes{component_id=\"pyroscope.scrape.t\"} 0\n"),
      std::string::npos);
  const std::string series = "{component_id=\"pyroscope.scrape.t\",profile=\"memory\"} ";
  body_ = heap(10, 100, 2'000'000'000, 0x9999);  // the old stack never comes back
  loop_.advance(seconds(15) * 100);
  EXPECT_TRUE(metric("pyroscope_scrape_delta_evictions_total" + series + "0"));
  loop_.advance(seconds(15));
  EXPECT_TRUE(metric("pyroscope_scrape_delta_evictions_total" + series + "1"));
  EXPECT_TRUE(metric("pyroscope_scrape_delta_seconds_count" + series + "102"));
  targets(0);
  update();
  EXPECT_TRUE(metric("pyroscope_scrape_baseline_bytes{component_id=\"pyroscope.scrape.t\"} 0"));
}

TEST_F(ScrapePoolTest, OneReceiverThatTookTheDeltaIsEnough) {
  only("memory");
  targets(1);
  auto full = std::make_shared<FakeReceiver>();
  full->refuse = true;
  arguments_.forward_to = {full, receiver_};
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
  body_ = heap(15, 150, 2'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_EQ(error(), "taken from the target, but not accepted downstream: queue is full");
  body_ = heap(18, 180, 3'000'000'000);
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 2U);
  EXPECT_EQ(values_of(*receiver_->taken[1])[0], 3) << "nothing twice for the one that took it";
}

TEST_F(ScrapePoolTest, ChangingReceiversOrClientKeepsLoopsAndBaselines) {
  scrape_memory_once(heap(10, 100));
  auto other = std::make_shared<FakeReceiver>();
  arguments_.forward_to = {nullptr, other};
  update(/*new_client=*/true);
  body_ = heap(12, 120, 2'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_TRUE(receiver_->taken.empty());
  EXPECT_EQ(other->taken.size(), 1U);
  arguments_.scrape_interval = seconds(30);
  body_ = heap(14, 140, 3'000'000'000);
  update();
  loop_.advance(seconds(30));
  EXPECT_EQ(other->taken.size(), 2U) << "an interval change keeps the baseline";
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
