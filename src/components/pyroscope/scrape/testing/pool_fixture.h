// The pool with its loops, in virtual time, against a transport without a network. For tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "async/testing/test_loop.h"
#include "codec/gzip.h"
#include "components/pyroscope/scrape/scrape_pool.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_transport.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_scrape::testing_support {

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

// A cluster that gives this node everything, or one target.
class SomeTargets : public component::Cluster {
 public:
  class Owned : public component::Ownership {
   public:
    Owned(bool all, std::uint64_t only) : all_(all), only_(only) {}
    [[nodiscard]] bool owns(std::uint64_t key) const override { return all_ || key == only_; }
    [[nodiscard]] std::string_view owner(std::uint64_t key) const override {
      return owns(key) ? "here" : "there";
    }

   private:
    const bool all_;
    const std::uint64_t only_;
  };
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override {
    return std::make_shared<Owned>(all, only);
  }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override { return {}; }
  [[nodiscard]] Subscription on_change(std::function<void()> changed) override {
    auto kept = std::make_shared<const std::function<void()>>(std::move(changed));
    changed_ = kept;
    return kept;
  }
  void change() {
    if (const auto changed = changed_.lock()) (*changed)();
  }
  bool all = true;
  std::uint64_t only = 0;

 private:
  std::weak_ptr<const std::function<void()>> changed_;
};

inline constexpr UnixNanos kStart = 1'767'225'600'000'000'000;  // of the test loop's clock

// A heap profile of Go's four columns with one stack.
inline std::string heap(std::int64_t objects, std::int64_t bytes, UnixNanos time = 1'000'000'000,
                        std::uint64_t address = 0x1234, std::int64_t duration = 0) {
  pprof::Profile p;
  p.sample_types = {{"alloc_objects", "count"},
                    {"alloc_space", "bytes"},
                    {"inuse_objects", "count"},
                    {"inuse_space", "bytes"}};
  p.functions = {{.id = 1, .name = "main.work", .system_name = "main.work", .filename = "main.go"}};
  p.mappings = {{.id = 1, .memory_start = 0x1000, .memory_limit = 0x9000, .filename = "/bin/app"}};
  p.locations = {{.id = 1, .mapping_id = 1, .address = address, .lines = {{.function_id = 1, .line = 7}}}};
  p.samples = {{.location_ids = {1}, .values = {objects, bytes, 1, 64}}};
  p.time_unix_ns = kStart + time;
  p.duration_ns = duration;
  std::string zipped;
  codec::Deflater().gzip(pprof::serialize(p), zipped);
  return zipped;
}

inline std::string goroutines(std::int64_t count) {
  pprof::Profile p;
  p.sample_types = {{"goroutine", "count"}};
  p.functions = {{.id = 1, .name = "main.main", .system_name = "main.main", .filename = "main.go"}};
  p.locations = {{.id = 1, .address = 0x10, .lines = {{.function_id = 1, .line = 3}}}};
  p.samples = {{.location_ids = {1}, .values = {count}}};
  p.time_unix_ns = kStart + 1'000'000'000;
  std::string zipped;
  codec::Deflater().gzip(pprof::serialize(p), zipped);
  return zipped;
}

inline std::string goroutine_rows(std::size_t samples) {
  pprof::Profile p;
  p.sample_types = {{"goroutine", "count"}};
  p.locations = {{.id = 1, .address = 0x10}};
  p.samples.assign(samples, {.location_ids = {1}, .values = {1}});
  return pprof::serialize(p);
}

class ScrapePoolTest : public ::testing::Test {
 protected:
  ScrapePoolTest()
      : registry_(metrics::Registry::create()),
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

  // One target with one profile type, up to its first scrape: the baseline.
  void scrape_memory_once(std::string body) {
    only("memory");
    targets(1);
    body_ = std::move(body);
    start();
    loop_.advance(std::chrono::seconds(15));
  }

  void start() {
    pool_.reset();
    scope_ = registry_->scope({{"component_id", "pyroscope.scrape.t"}});  // goes with its component
    component::Options options;
    options.id = "pyroscope.scrape.t";
    options.metrics = scope_.get();
    options.loop = &loop_;
    options.pool = options.disk_pool = &pool_workers_;
    options.files = files_;
    options.http = transport_;
    options.cluster = cluster_;
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
    requests_.push_back({request.url, loop_.now(), request.expected_body_bytes});
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
  static std::vector<std::int64_t> values_of(const pipeline::Profile& profile) {
    std::string raw;
    EXPECT_TRUE(codec::Inflater().gunzip(*profile.body, 1 << 20, raw));
    const auto parsed = pprof::parse(raw);
    return parsed && parsed->samples.size() == 1 ? parsed->samples[0].values : std::vector<std::int64_t>{};
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
    std::uint64_t expected_body_bytes;
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
  std::shared_ptr<SomeTargets> cluster_ = std::make_shared<SomeTargets>();
  Arguments arguments_;
  std::unique_ptr<ScrapePool> pool_;

  std::vector<Seen> requests_;
  int status_ = 200;
  std::string type_ = "application/octet-stream";
  std::string body_ = goroutines(3);
  bool hang_ = false;
  bool failing_ = false;
};

}  // namespace invar::components::pyroscope_scrape::testing_support
