// Loops, their timing, failures, labels, metrics.
#include "codec/gzip.h"
#include "components/pyroscope/scrape/testing/pool_fixture.h"

namespace invar::components::pyroscope_scrape {
namespace {

using namespace testing_support;

TEST_F(ScrapePoolTest, ScrapesWithinOneIntervalAndThenEveryInterval) {
  targets(1);
  start();
  loop_.advance(seconds(15));
  ASSERT_EQ(requests_.size(), 1U);
  loop_.advance(seconds(45));
  ASSERT_EQ(requests_.size(), 4U);
  EXPECT_EQ(requests_[3].at - requests_[2].at, seconds(15));
  EXPECT_EQ(requests_[0].expected_body_bytes, 0U);
  EXPECT_EQ(requests_[1].expected_body_bytes, body_.size() + body_.size() / 16)
      << "as the last one and a little";
  ASSERT_EQ(receiver_->taken.size(), 4U);
  EXPECT_EQ(*receiver_->taken[0]->body, body_) << "a profile that is no delta passes untouched";
  EXPECT_EQ(receiver_->taken[0]->type(), "goroutine");
  EXPECT_EQ(shown("health").as_string(), "up");
  EXPECT_TRUE(
      metric("pyroscope_scrape_up{component_id=\"pyroscope.scrape.t\",instance=\"host0:80\",service_name="
             "\"unspecified\"} 1"));
}

TEST_F(ScrapePoolTest, PhaseIsKeptOverARestart) {
  targets(1);
  start();
  loop_.advance(seconds(20));
  const auto first = requests_.at(0).at;
  stop();
  loop_.advance(milliseconds(3333));
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ((requests_.back().at - first) % seconds(15), Duration::zero());
}

TEST_F(ScrapePoolTest, PhaseIsKeptOverAReload) {
  targets(1);
  start();
  loop_.advance(seconds(20));
  const auto first = requests_.at(0).at;
  arguments_.profiling.block.enabled = true;
  arguments_.max_profile_bytes /= 2;
  update(/*new_client=*/true);
  requests_.clear();
  loop_.advance(seconds(15));
  const auto same =
      std::ranges::find_if(requests_, [](const auto& r) { return r.url.ends_with("/goroutine"); });
  ASSERT_NE(same, requests_.end());
  EXPECT_EQ((same->at - first) % seconds(15), Duration::zero());
}

TEST_F(ScrapePoolTest, PhaseFollowsTheWallClockWhenItIsSet) {
  targets(1);
  start();
  loop_.advance(seconds(40));
  const auto phase = [&] { return loop_.unix_ns() % Duration(seconds(15)).count(); };
  std::vector<UnixNanos> phases;
  const auto inner = [&](const http::Request& request) {
    phases.push_back(phase());
    return respond(request);
  };
  transport_->set_handler(inner);
  loop_.advance(seconds(30));
  loop_.set_unix_ns(loop_.unix_ns() + 3'600'000'000'000 + 1'234'567'890);
  loop_.advance(seconds(60));
  ASSERT_GE(phases.size(), 5U);
  EXPECT_EQ(phases.back(), phases.front());
}

TEST_F(ScrapePoolTest, ManyTargetsAreSpreadOverTheInterval) {
  targets(300);
  start();
  loop_.advance(seconds(15) - std::chrono::nanoseconds(1));
  ASSERT_EQ(requests_.size(), 300U);
  std::vector<int> per_second(15);
  for (const auto& r : requests_)
    ++per_second[static_cast<std::size_t>((r.at - requests_[0].at) / seconds(1)) % 15];
  EXPECT_LT(*std::ranges::max_element(per_second), 60);
}

TEST_F(ScrapePoolTest, ATickDuringASlowScrapeIsCountedAndNotQueued) {
  targets(1);
  arguments_.scrape_timeout = seconds(100);
  hang_ = true;
  start();
  loop_.advance(seconds(15));
  ASSERT_EQ(requests_.size(), 1U);
  loop_.advance(seconds(30));
  EXPECT_EQ(requests_.size(), 1U);
  EXPECT_TRUE(metric(
      "pyroscope_scrape_missed_ticks_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\"} 2"));
  hang_ = false;
  transport_->exchanges().back()->respond(answer(200, type_, body_));
  loop_.run_until_idle();
  EXPECT_EQ(receiver_->taken.size(), 1U);
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 2U);
}

TEST_F(ScrapePoolTest, WhatAProfileWasPackedWithOnItsWayIsTakenOff) {
  targets(1);
  start();
  std::string once;
  std::string twice;
  codec::Deflater().gzip(body_, once);
  codec::Deflater().gzip(once, twice);
  std::string coding = "gzip, gzip";
  transport_->set_handler(
      [&](const http::Request&) { return answer(200, type_, twice, {{"Content-Encoding", coding}}); });
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 1U);
  coding = "compress";
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(shown("last_error").as_string(),
            "the body has the Content-Encoding \"compress\", which is not known here");
}

TEST_F(ScrapePoolTest, AProfileWithoutAPositiveValueIsASuccessAndIsNotSent) {
  targets(1);
  body_ = goroutines(0);
  start();
  loop_.advance(seconds(15));
  EXPECT_TRUE(receiver_->taken.empty());
  EXPECT_EQ(shown("health").as_string(), "up");
  EXPECT_TRUE(metric(
      "pyroscope_scrape_empty_profiles_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\"} 1"));
}

TEST_F(ScrapePoolTest, EveryKindOfFailureSaysWhatToDoAndIsLoggedOnce) {
  struct Row {
    int status;
    std::string type, body, want;
  };
  const std::vector<Row> rows = {
      {404, "text/plain", "404 page not found\n",
       "server returned HTTP status (404) 404 page not found: this program has no goroutine profile at this "
       "path; set profile.goroutine "
       "{ enabled = false }, or its path"},
      {500, "text/plain", "Could not enable CPU profiling: cpu profiling already in use\n",
       "server returned HTTP status (500) Could not enable CPU profiling: cpu profiling already in use: "
       "another profiler is already "
       "taking a CPU profile of this program: is a second collector scraping it?"},
      {401, "text/plain", "",
       "server returned HTTP status (401) 401 Unauthorized: the target wants other credentials: set "
       "basic_auth, authorization or oauth2"},
      {204, "", "", "server returned HTTP status (204) 204 No Content"},
      {302, "text/html", "<a href=x>",
       "server returned HTTP status (302) 302 Found: the target redirects elsewhere, which is not followed"},
      {200, "application/octet-stream", "", "empty goroutine profile: the target answered without a body"},
      {200, "text/html", "<!doctype html><title>Login</title>",
       "this is a web page, not a profile: is the path right?"},
      {200, "application/json", "{}",
       "invalid profile data: unexpected Content-Type application/json, expected application/octet-stream "
       "for pprof "
       "data: the answer is no profile; is the path right?"},
      {200, "application/octet-stream", "random bytes that are no profile", "invalid profile data: "},
      {200, "application/octet-stream", goroutines(2).substr(0, 40),
       "invalid profile data: truncated gzip: the answer is damaged; did something on the way cut it?"},
  };
  targets(1);
  start();
  for (const auto& row : rows) {
    status_ = row.status;
    type_ = row.type;
    body_ = row.body;
    log_.clear();
    loop_.advance(seconds(45));
    EXPECT_TRUE(error().starts_with(row.want)) << error() << "\nwanted " << row.want;
    EXPECT_EQ(log_.size(), 1U) << "one line per change of state, not per scrape";
  }
  EXPECT_TRUE(receiver_->taken.empty());
  failing_ = true;
  loop_.advance(seconds(15));
  EXPECT_EQ(error(),
            "Get \"http://host0:80/debug/pprof/goroutine\": connection refused by host0:80: does the program "
            "run, and "
            "does it listen there?");
  EXPECT_TRUE(
      metric("pyroscope_scrape_scrapes_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\","
             "reason=\"connect\",result=\"failure\"} 1"));
}

TEST_F(ScrapePoolTest, OneFailureInOtherWordsIsLoggedOnce) {
  targets(1);
  start();
  status_ = 500;
  for (const std::string id : {"c0ffee", "decade", "facade"}) {
    body_ = "request " + id + " failed";
    loop_.advance(seconds(15));
    EXPECT_NE(error().find(id), std::string::npos) << error();
  }
  EXPECT_EQ(log_.size(), 1U);
  status_ = 502;
  loop_.advance(seconds(15));
  EXPECT_EQ(log_.size(), 2U);
  for (const std::string phase : {"connecting", "waiting for the answer", "connecting"}) {
    transport_->set_handler([&](const http::Request&) {
      return http::testing::failure(http::FailureKind::kTimeout, "timed out after 10s " + phase);
    });
    loop_.advance(seconds(15));
    EXPECT_NE(error().find(phase), std::string::npos) << error();
  }
  EXPECT_EQ(log_.size(), 3U);
}

TEST_F(ScrapePoolTest, OtherContentTypesAreAccepted) {
  targets(1);
  start();
  for (const std::string type : {"application/x-gzip", "application/x-protobuf", ""}) {
    type_ = type;
    loop_.advance(seconds(15));
  }
  EXPECT_EQ(receiver_->taken.size(), 3U);
}

TEST_F(ScrapePoolTest, ABombIsCutAtTheLimitAndSamplesAreLimited) {
  targets(1);
  arguments_.max_profile_bytes = 1 << 20;
  std::string bomb;
  codec::Deflater().gzip(std::string(8 << 20, '\0'), bomb);
  body_ = bomb;
  start();
  loop_.advance(seconds(15));
  EXPECT_TRUE(error().starts_with("the profile is too large: ")) << error();
  EXPECT_TRUE(
      metric("pyroscope_scrape_scrapes_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\","
             "reason=\"too_large\",result=\"failure\"} 1"));
  EXPECT_EQ(transport_->exchanges().back()->request.max_body_bytes, 1U << 20)
      << "and the same limit holds while reading";
  arguments_.sample_limit = 1;
  body_ = goroutines(1);
  update();
  loop_.advance(seconds(15));
  EXPECT_EQ(error(), "") << "one sample is not more than one";
  body_ = goroutine_rows(2);
  loop_.advance(seconds(15));
  EXPECT_EQ(error(), "the profile has 2 samples, more than sample_limit = 1");
  log_.clear();
  body_ = goroutine_rows(4);  // another number, no other trouble
  loop_.advance(seconds(15));
  EXPECT_TRUE(error().starts_with("the profile has 4 samples")) << error();
  EXPECT_TRUE(log_.empty());
}

// Bodies that are brief work need no thread, the others do; and so does one that inflates to more than it claims.
TEST_F(ScrapePoolTest, BriefWorkIsDoneOnTheLoopAndLongWorkOnThePool) {
  const auto in_two_members = [](std::string_view rows) {
    std::string first, second;
    codec::Deflater().gzip(rows, first);
    codec::Deflater().gzip("", second);  // the body's last bytes say: nothing
    return first + second;
  };
  std::string brief, large;
  codec::Deflater().gzip(goroutine_rows(5'000), brief);
  codec::Deflater().gzip(goroutine_rows(100'000), large);
  const struct {
    std::string what, body;
    bool on_the_loop;
  } rows[] = {
      {"small", brief, true},
      {"a small one that claims to be empty", in_two_members(goroutine_rows(5'000)), true},
      {"small on the wire alone", large, false},
      {"a large one that claims to be empty", in_two_members(goroutine_rows(100'000)), false},
      {"large as it is", goroutine_rows(100'000), false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    receiver_->taken.clear();
    body_ = row.body;
    targets(1);
    start();
    loop_.advance(Duration(1));  // baselines are read
    pool_workers_.set_paused(true);
    loop_.advance(seconds(15));
    EXPECT_EQ(receiver_->taken.size(), row.on_the_loop ? 1U : 0U);
    EXPECT_EQ(pool_workers_.queued(), row.on_the_loop ? 0U : 1U);
    pool_workers_.set_paused(false);
    loop_.advance(milliseconds(1));
    EXPECT_EQ(error(), "");
    ASSERT_EQ(receiver_->taken.size(), 1U);
    EXPECT_EQ(*receiver_->taken[0]->body, body_);
    stop();
  }
}

TEST_F(ScrapePoolTest, ASmallBodyThatInflatesToMuchIsAcceptedAllTheSame) {
  targets(1);
  codec::Deflater().gzip(goroutine_rows(1'000'000), body_);
  ASSERT_LT(body_.size(), 256U << 10);
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(error(), "");
  ASSERT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(*receiver_->taken[0]->body, body_);
}

TEST_F(ScrapePoolTest, OneBadTargetAmongAHundredDisturbsNone) {
  targets(100);
  start();
  loop_.advance(seconds(15));
  requests_.clear();
  arguments_.targets.targets[50] = Target(Target::Map{{"__address__", "no/host"}});
  update();
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 99U);
  EXPECT_EQ(shown("last_error").as_string().substr(0, 52),
            "\"no/host\" holds more than host and port; write no (a");
}

TEST_F(ScrapePoolTest, WhatIsWrongWithArgumentsIsLoggedOnceNotAtEveryUpdate) {
  arguments_.scrape_timeout = seconds(5);
  for (int i = 0; i < 100; ++i)
    arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", fmt::format("bad/{}", i)}}));
  arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", "h:1"}, {"__meta_a", "1"}}));
  arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", "h:1"}, {"__meta_a", "2"}}));
  start();
  EXPECT_EQ(log_.size(), 1U + 20 + 1 + 1) << "timeout, some bad targets, how many more, duplicates";
  log_.clear();
  for (int i = 0; i < 3; ++i) {
    arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", fmt::format("new{}:1", i)}}));
    update();
  }
  EXPECT_TRUE(log_.empty()) << log_.front();
  arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", "another/bad"}}));
  update();
  EXPECT_EQ(log_.size(), 1U);
  EXPECT_TRUE(metric("pyroscope_scrape_bad_targets{component_id=\"pyroscope.scrape.t\"} 101"));
}

TEST_F(ScrapePoolTest, MetricsPerTargetOnlyWhenAskedForAndGoneWithTheTarget) {
  targets(2);
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(registry_->collect().find("url="), std::string::npos);
  arguments_.per_target_metrics = true;
  update();
  loop_.advance(seconds(15));
  EXPECT_TRUE(
      metric("pyroscope_scrape_scrapes_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\","
             "reason=\"\",result=\"success\",url=\"http://host1:80/debug/pprof/goroutine\"} 1"));
  targets(1);
  update();
  EXPECT_EQ(registry_->collect().find("host1"), std::string::npos) << "also from pyroscope_scrape_up";
  arguments_.per_target_metrics = false;
  update();
  loop_.advance(seconds(15));
  EXPECT_EQ(registry_->collect().find("url="), std::string::npos);
}

TEST_F(ScrapePoolTest, UpIsOneGaugePerTargetAndFallsWhenAllItsTypesFail) {
  arguments_.profiling.block.enabled = true;
  targets(1);
  start();
  const std::string up =
      "pyroscope_scrape_up{component_id=\"pyroscope.scrape.t\",instance=\"host0:80\",service_name="
      "\"unspecified\"} ";
  EXPECT_EQ(registry_->collect().find(up), std::string::npos) << "nothing is known before the first try";
  transport_->set_handler([&](const http::Request& request) {
    return request.url.ends_with("/block") ? answer(404, "text/plain", "no") : answer(200, type_, body_);
  });
  loop_.advance(seconds(15));
  EXPECT_TRUE(metric(up + "1"));
  transport_->set_handler([&](const http::Request&) { return answer(404, "text/plain", "no"); });
  loop_.advance(seconds(15));
  EXPECT_TRUE(metric(up + "0"));
}

TEST_F(ScrapePoolTest, NamesFromTargetsCannotMakeSeriesWithoutEnd) {
  arguments_.profiling.block.enabled = true;  // one of two: the path alone does not say which
  for (int i = 0; i < 300; ++i) {
    arguments_.targets.targets.push_back(
        Target(Target::Map{{"__address__", "h:1"}, {"__profile_path__", fmt::format("/made_up_{}", i)}}));
  }
  start();
  loop_.advance(seconds(15) - std::chrono::nanoseconds(1));  // each job once, be its phase the first instant
  EXPECT_EQ(receiver_->taken.size(), 300U);
  EXPECT_TRUE(
      metric("pyroscope_scrape_scrapes_total{component_id=\"pyroscope.scrape.t\",profile=\"other\","
             "reason=\"\",result=\"success\"} 100"));
}

TEST_F(ScrapePoolTest, AClusterSharesTargetsOut) {
  targets(2);
  cluster_->all = false;
  cluster_->only = target_key(Labels{{"__address__", "host1:80"}});
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 2U) << "not while clustering is off";
  arguments_.clustering.enabled = true;
  update();
  requests_.clear();
  loop_.advance(seconds(15));
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_TRUE(requests_[0].url.starts_with("http://host1:80/"));
  EXPECT_EQ(shown("instance", 1).as_string(), "host0:80");
  EXPECT_EQ(shown("owner", 1).as_string(), "there");
  EXPECT_TRUE(metric("pyroscope_scrape_targets_elsewhere{component_id=\"pyroscope.scrape.t\"} 1"));
  EXPECT_EQ(pool_->targets_by_owner(), (component::TargetsByOwner{{"here", 1}, {"there", 1}}));
  arguments_.clustering.enabled = false;
  update();
  loop_.advance(seconds(1));
  EXPECT_TRUE(pool_->targets_by_owner().empty()) << "nothing is shared";
}

TEST_F(ScrapePoolTest, TargetsMoveWhenTheClusterChanges) {
  targets(2);
  arguments_.clustering.enabled = true;
  cluster_->all = false;
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 0U) << "both are elsewhere";
  cluster_->all = true;
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 0U) << "nobody has told";
  cluster_->change();
  loop_.advance(seconds(15));
  EXPECT_EQ(requests_.size(), 2U);
}

// What a pyroscope.write behind forward_to does at every update: another receiver, at once in use.
TEST_F(ScrapePoolTest, AScrapeUnderWayGoesToTheReceiversOfItsEnd) {
  targets(1);
  hang_ = true;
  start();
  loop_.advance(seconds(15));
  auto other = std::make_shared<FakeReceiver>();
  arguments_.forward_to = {other};
  update();
  transport_->exchanges().back()->respond(answer(200, type_, body_));
  loop_.run_until_idle();
  EXPECT_TRUE(receiver_->taken.empty());
  EXPECT_EQ(other->taken.size(), 1U);
}

TEST_F(ScrapePoolTest, DebugInfoShowsTheLastAttemptAndTheLastSuccess) {
  targets(1);
  start();
  EXPECT_EQ(shown("health").as_string(), "unknown");
  EXPECT_TRUE(shown("last_scrape").is_null());
  loop_.advance(seconds(15));
  const std::string success = shown("last_success").as_string();
  EXPECT_EQ(shown("job").as_string(), "pyroscope.scrape.t");
  EXPECT_EQ(shown("profile").as_string(), "goroutine");
  EXPECT_EQ(shown("url").as_string(), "http://host0:80/debug/pprof/goroutine");
  EXPECT_EQ(shown("last_scrape").as_string(), success);
  EXPECT_EQ(shown("last_scrape_duration").as_string(), "0s");
  EXPECT_EQ(shown("bytes").as_double(), static_cast<double>(body_.size()));
  EXPECT_EQ(shown("samples").as_double(), 1.0);
  EXPECT_NE(shown("labels").as_object().find("__profile_path__"), nullptr) << "hidden ones too";
  failing_ = true;
  loop_.advance(seconds(15));
  EXPECT_EQ(shown("health").as_string(), "down");
  EXPECT_EQ(shown("last_success").as_string(), success);
  EXPECT_NE(shown("last_scrape").as_string(), success);
}

TEST_F(ScrapePoolTest, HiddenLabelsAreSwappedInPlace) {
  arguments_.targets.targets = {Target(Target::Map{{"__address__", "h:1"}, {"__meta_pod", "a"}})};
  start();
  loop_.advance(seconds(15));
  arguments_.targets.targets = {Target(Target::Map{{"__address__", "h:1"}, {"__meta_pod", "b"}})};
  update();
  loop_.advance(seconds(15));
  ASSERT_EQ(receiver_->taken.size(), 2U);
  EXPECT_EQ(receiver_->taken[1]->labels.get("__meta_pod"), "b");
}

TEST_F(ScrapePoolTest, TargetsComeAndGoInSlices) {
  targets(3000);
  start();
  EXPECT_EQ(pool_->debug_info().statements.size(), 3000U);
  targets(0);
  update();
  EXPECT_TRUE(pool_->debug_info().statements.empty());
  requests_.clear();
  loop_.advance(seconds(60));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(ScrapePoolTest, StopCancelsWhatIsInFlight) {
  targets(1);
  hang_ = true;
  start();
  loop_.advance(seconds(15));
  stop();
  EXPECT_TRUE(transport_->exchanges().back()->cancelled());
}

TEST_F(ScrapePoolTest, BadTargetsAreShown) {
  arguments_.targets.targets = {Target(Target::Map{{"x", "y"}}), Target(Target::Map{{"__address__", "h:1"}})};
  start();
  EXPECT_EQ(shown("last_error").as_string(), "no address");
  EXPECT_TRUE(metric("pyroscope_scrape_bad_targets{component_id=\"pyroscope.scrape.t\"} 1"));
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
