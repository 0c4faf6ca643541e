// The pool with its loops, in virtual time, against a transport without a network.
#include "components/pyroscope/scrape/scrape_pool.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_transport.h"
#include "pprof/gzip.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_scrape {
namespace {

using component::Target;
using http::testing::answer;
using pipeline::Answer;
using pipeline::ProfilePtr;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeReceiver : public pipeline::Receiver {
 public:
  Answer accept(const ProfilePtr& profile) override {
    if (refuse) return {.outcome = pipeline::Outcome::kRefused, .reason = "queue is full"};
    taken.push_back(profile);
    return {};
  }
  [[nodiscard]] std::string_view component_id() const override { return "fake.receiver"; }

  std::vector<ProfilePtr> taken;
  bool refuse = false;
};

class AllTargets : public component::ClusterView {
 public:
  [[nodiscard]] bool owns(std::uint64_t) const override { return true; }
};

// A heap profile of Go's four columns with one stack.
std::string heap(std::int64_t objects, std::int64_t bytes, UnixNanos time = 1'000'000'000) {
  pprof::Profile p;
  p.sample_types = {{"alloc_objects", "count"},
                    {"alloc_space", "bytes"},
                    {"inuse_objects", "count"},
                    {"inuse_space", "bytes"}};
  p.functions = {{.id = 1, .name = "main.work", .system_name = "main.work", .filename = "main.go"}};
  p.mappings = {{.id = 1, .memory_start = 0x1000, .memory_limit = 0x9000, .filename = "/bin/app"}};
  p.locations = {{.id = 1, .mapping_id = 1, .address = 0x1234, .lines = {{.function_id = 1, .line = 7}}}};
  p.samples = {{.location_ids = {1}, .values = {objects, bytes, 1, 64}}};
  p.time_unix_ns = time;
  std::string zipped;
  pprof::Deflater().gzip(pprof::serialize(p), zipped);
  return zipped;
}

std::string goroutines(std::int64_t count) {
  pprof::Profile p;
  p.sample_types = {{"goroutine", "count"}};
  p.functions = {{.id = 1, .name = "main.main", .system_name = "main.main", .filename = "main.go"}};
  p.locations = {{.id = 1, .address = 0x10, .lines = {{.function_id = 1, .line = 3}}}};
  p.samples = {{.location_ids = {1}, .values = {count}}};
  p.time_unix_ns = 1'000'000'000;
  std::string zipped;
  pprof::Deflater().gzip(pprof::serialize(p), zipped);
  return zipped;
}

class ScrapePoolTest : public testing::Test {
 protected:
  ScrapePoolTest()
      : registry_(metrics::Registry::create()),
        scope_(registry_->scope({{"component_id", "pyroscope.scrape.t"}})),
        transport_(std::make_shared<http::testing::FakeTransport>(loop_)),
        files_(fs::testing::MemoryFileSystem::create()) {
    arguments_.forward_to = {receiver_};
    only("goroutine");
    transport_->set_handler([this](const http::Request& request) { return respond(request); });
  }

  void only(std::string_view name) {
    arguments_.profiling = ProfilingConfig{};
    auto& p = arguments_.profiling;
    p.memory.enabled = name == "memory";
    p.block.enabled = p.mutex.enabled = false;
    p.goroutine.enabled = name == "goroutine";
    p.process_cpu.enabled = name == "process_cpu";
  }

  void targets(int count) {
    arguments_.targets.targets.clear();
    for (int i = 0; i < count; ++i)
      arguments_.targets.targets.push_back(Target(Target::Map{{"__address__", fmt::format("host{}:80", i)}}));
  }

  void start() {
    component::Options options;
    options.id = "pyroscope.scrape.t";
    options.metrics = scope_.get();
    options.loop = &loop_;
    options.pool = &pool_workers_;
    options.files = files_;
    options.http = transport_;
    options.cluster = std::make_shared<AllTargets>();
    options.data_path = "/data/scrape";
    options.logger = log::Logger(sink_);
    pool_ = std::make_unique<ScrapePool>(std::move(options), arguments_, client());
    pool_->start();
    loop_.run_until_idle();
  }

  std::shared_ptr<http::Client> client() {
    return std::shared_ptr<http::Client>(std::move(*transport_->make_client({}, "")));
  }

  void update(bool new_client = false) {
    pool_->update(arguments_, new_client ? client() : nullptr);
    loop_.run_until_idle();
  }

  void stop() {
    bool stopped = false;
    pool_->stop([&] { stopped = true; });
    loop_.run_until_idle();
    EXPECT_TRUE(stopped);
    pool_.reset();
  }

  std::optional<http::testing::Answer> respond(const http::Request& request) {
    requests_.push_back({request.url, loop_.now()});
    if (hang_) return std::nullopt;
    if (failing_)
      return http::testing::failure(http::FailureKind::kConnect, "connection refused by host0:80");
    return answer(status_, type_, body_);
  }

  [[nodiscard]] syntax::Value shown(std::string_view attribute, std::size_t row = 0) const {
    const auto info = pool_->debug_info();
    for (const auto& s : info.statements.at(row).body->statements) {
      if (s.name == attribute) return *s.value;
    }
    return {};
  }
  [[nodiscard]] std::string error() const {
    const auto value = shown("last_error");
    return value.is_null() ? "" : value.as_string();
  }
  bool metric(const std::string& line) {
    const auto text = registry_->collect();
    if (text.find(line + "\n") != std::string::npos) return true;
    ADD_FAILURE() << "no line " << line << " in\n" << text;
    return false;
  }

  struct Seen {
    std::string url;
    async::TimePoint at;
  };

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_workers_{loop_};
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Scope> scope_;
  std::shared_ptr<http::testing::FakeTransport> transport_;
  std::shared_ptr<fs::FileSystem> files_;
  std::vector<std::string> log_;
  std::shared_ptr<log::Sink> sink_ = [this] {
    auto sink = log::Sink::create([this](std::string_view line) { log_.emplace_back(line); });
    sink->configure({});
    return sink;
  }();
  std::shared_ptr<FakeReceiver> receiver_ = std::make_shared<FakeReceiver>();
  Arguments arguments_;
  std::unique_ptr<ScrapePool> pool_;

  std::vector<Seen> requests_;
  int status_ = 200;
  std::string type_ = "application/octet-stream";
  std::string body_ = goroutines(3);
  bool hang_ = false;
  bool failing_ = false;
};

TEST_F(ScrapePoolTest, ScrapesWithinOneIntervalAndThenEveryInterval) {
  targets(1);
  start();
  loop_.advance(seconds(15));
  ASSERT_EQ(requests_.size(), 1U);
  loop_.advance(seconds(45));
  ASSERT_EQ(requests_.size(), 4U);
  EXPECT_EQ(requests_[3].at - requests_[2].at, seconds(15));
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

TEST_F(ScrapePoolTest, ManyTargetsAreSpreadOverTheInterval) {
  targets(300);
  start();
  loop_.advance(seconds(15));
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

TEST_F(ScrapePoolTest, DeltasLoseNothingWhenAReceiverRefuses) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
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
  std::string raw;
  ASSERT_TRUE(pprof::Inflater().gunzip(*receiver_->taken[0]->body, 1 << 20, raw));
  const auto delta = pprof::parse(raw);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->samples.at(0).values, (std::vector<std::int64_t>{8, 80, 1, 64})) << "both intervals";
  EXPECT_EQ(receiver_->taken[0]->labels.get("__delta__"), "false");
}

TEST_F(ScrapePoolTest, BaselinesSurviveARestart) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
  stop();
  body_ = heap(11, 110, 2'000'000'000);
  start();
  loop_.advance(seconds(15));
  EXPECT_EQ(receiver_->taken.size(), 1U) << "the first scrape after the restart is a delta already";
}

TEST_F(ScrapePoolTest, ADamagedBaselineFileIsACleanStartWithOneLine) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
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
      {200, "application/octet-stream", "", "empty goroutine profile"},
      {200, "text/html", "<!doctype html><title>Login</title>",
       "this is a web page, not a profile: is the path right?"},
      {200, "application/json", "{}", "invalid profile data: unexpected Content-Type application/json"},
      {200, "application/octet-stream", "random bytes that are no profile", "invalid profile data: "},
      {200, "application/octet-stream", goroutines(2).substr(0, 40), "invalid profile data: "},
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
  EXPECT_EQ(error(), "Get \"http://host0:80/debug/pprof/goroutine\": connection refused by host0:80");
  EXPECT_TRUE(
      metric("pyroscope_scrape_scrapes_total{component_id=\"pyroscope.scrape.t\",profile=\"goroutine\","
             "reason=\"connect\",result=\"failure\"} 1"));
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
  pprof::Deflater().gzip(std::string(8 << 20, '\0'), bomb);
  body_ = bomb;
  start();
  loop_.advance(seconds(15));
  EXPECT_TRUE(error().starts_with("the profile is too large: ")) << error();
  arguments_.sample_limit = 1;
  body_ = goroutines(1);
  update();
  loop_.advance(seconds(15));
  EXPECT_EQ(error(), "") << "one sample is not more than one";
}

TEST_F(ScrapePoolTest, ChangingReceiversOrClientKeepsLoopsAndBaselines) {
  only("memory");
  targets(1);
  body_ = heap(10, 100);
  start();
  loop_.advance(seconds(15));
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
