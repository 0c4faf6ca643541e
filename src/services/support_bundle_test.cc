// Virtual time and made-up profiles; the real ones are tested from outside (tests/e2e/support_test.py).
#include "services/support_bundle.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::services {
namespace {

using namespace std::chrono_literals;

class NoComponents : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<component::ComponentView> list(std::string_view) const override { return {}; }
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
};

class BundleAnswer : public http::Responder {
 public:
  void send(http::ServerResponse response) override { answer = std::move(response); }
  void start(http::ServerResponse) override { FAIL(); }
  void write(std::string) override { FAIL(); }
  void finish() override { FAIL(); }
  [[nodiscard]] std::size_t backlog_bytes() const override { return 0; }
  [[nodiscard]] bool alive() const override { return !answer; }
  void on_change(Changed changed) override { changed_ = std::move(changed); }
  void hang_up() { changed_(Change::kGone); }

  std::optional<http::ServerResponse> answer;

 private:
  Changed changed_;
};

class SupportBundle : public ::testing::Test {
 protected:
  struct FakeCapture : ProfileSource::Capture {
    FakeCapture(async::Loop& loop, int& live) : timer(loop), live(live) { ++live; }
    ~FakeCapture() override { --live; }
    async::Timer timer;
    int& live;
  };

  void SetUp() override {
    sink->configure({});
    host.components = &directory;
    host.peers_json = [] { return std::string("[]"); };
    host.metrics = [this] { return "sample " + std::to_string(++collected) + "\n"; };
    host.sources = [] {
      return std::vector<ConfigText>{{"/etc/invar/a.alloy", "x \"y\" {\n\tp = \"s3\"\n}"}};
    };
    host.schema_of = [](std::string_view) { return nullptr; };
    host.runtime_flags = {"a=b", "c=d"};
    host.sink = sink;
    host.profiles = [this] {
      return ProfileSource{
          .cpu = [this](Duration duration,
                        ProfileSource::Done done) -> Result<std::unique_ptr<ProfileSource::Capture>> {
            if (busy) return fail(ErrorCode::kAlreadyExists, "already in use");
            cpu_duration = duration;
            auto capture = std::make_unique<FakeCapture>(loop, captures);
            capture->timer.arm_after(duration, [done = std::move(done)]() mutable { done("cpu bytes"); });
            return capture;
          },
          .snapshot =
              [this](selfprof::Snapshot kind, ProfileSource::Done done) {
                loop.post([kind, done = std::move(done)]() mutable {
                  if (kind == selfprof::Snapshot::kHeap) {
                    done(fail(ErrorCode::kUnsupported, "no heap profiling"));
                  } else {
                    done("stacks");
                  }
                });
              }};
    };
  }

  std::shared_ptr<BundleAnswer> get(const std::string& query = "", const std::string& method = "GET") {
    if (!router) {
      router = std::make_unique<Router>();
      add_support_bundle(*router, loop, pool, host);
    }
    auto answer = std::make_shared<BundleAnswer>();
    http::ServerRequest request;
    request.method = method;
    request.path = "/-/support";
    request.query = query;
    request.target = request.path + "?" + query;
    router->handle(std::move(request), answer);
    return answer;
  }

  NoComponents directory;
  std::vector<std::string> lines;
  std::shared_ptr<log::Sink> sink =
      log::Sink::create([this](std::string_view line) { lines.emplace_back(line); });
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  SupportBundleHost host;
  int collected = 0, captures = 0;
  bool busy = false;
  Duration cpu_duration{};
  std::unique_ptr<Router> router;
};

// Small entries stand in the archive as they are: content can be looked for.
::testing::AssertionResult holds(const http::ServerResponse& response, const std::string& text) {
  if (response.body.find(text) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no " << text;
}

TEST_F(SupportBundle, TheAnswerComesWhenTheTimeIsOver) {
  const auto reply = get("duration=2");
  log::Logger(sink).info("seen");
  log::Logger(sink).debug("below the level");
  loop.advance(1999ms);
  EXPECT_FALSE(reply->answer);
  loop.advance(1ms);
  ASSERT_TRUE(reply->answer);
  log::Logger(sink).info("later");
  EXPECT_EQ(cpu_duration, 1800ms);
  EXPECT_EQ(reply->answer->status, 200);
  EXPECT_EQ(reply->answer->headers.get("Content-Type"), "application/zip");
  EXPECT_EQ(reply->answer->headers.get("Content-Disposition"),
            "attachment; filename=\"invar-support-bundle.zip\"");
  for (const char* name :
       {"invar-metadata.yaml", "invar-components.json", "invar-peers.json", "invar-metrics-sample-start.txt",
        "invar-metrics-sample-end.txt", "invar-runtime-flags.txt", "invar-environment.txt", "invar-logs.txt",
        "pprof/cpu.pprof", "pprof/heap-error.txt", "pprof/goroutine.pprof", "sources/a.alloy"}) {
    EXPECT_TRUE(holds(*reply->answer, std::string("invar-support-bundle/") + name));
  }
  for (const char* text : {"sample 1\n", "sample 2\n", "cpu bytes", "stacks", "no heap profiling\n",
                           "p = \"(secret)\"", "a=b\nc=d\n"}) {
    EXPECT_TRUE(holds(*reply->answer, text));
  }
  EXPECT_FALSE(holds(*reply->answer, "s3"));
  EXPECT_EQ(captures, 0);
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(SupportBundle, ThirtySecondsUnlessSaidOtherwise) {
  const auto reply = get();
  loop.advance(29s);
  EXPECT_FALSE(reply->answer);
  loop.advance(1s);
  EXPECT_TRUE(reply->answer);
}

TEST_F(SupportBundle, OneAtATime) {
  const auto first = get("duration=1");
  const auto second = get("duration=1");
  loop.advance(1s);
  EXPECT_TRUE(first->answer);
  EXPECT_FALSE(second->answer);
  EXPECT_EQ(captures, 1);
  loop.advance(1s);
  EXPECT_TRUE(second->answer);
}

TEST_F(SupportBundle, AClientThatHangsUpEndsIt) {
  const auto gone = get("duration=30");
  const auto also_gone = get("duration=30");
  const auto waits = get("duration=1");
  gone->hang_up();
  also_gone->hang_up();
  loop.advance(1500ms);
  ASSERT_TRUE(waits->answer);
  EXPECT_EQ(waits->answer->status, 200);
  EXPECT_FALSE(gone->answer);
  EXPECT_EQ(captures, 0);
  EXPECT_EQ(loop.pending_timers(), 0U);
}

TEST_F(SupportBundle, HangingUpWhileItIsPackedIsNoMatter) {
  const auto gone = get("duration=1");
  pool.set_paused(true);
  loop.advance(1s);
  gone->hang_up();
  loop.advance(1s);
  pool.set_paused(false);
  loop.run_until_idle();
  EXPECT_FALSE(gone->answer);
  const auto next = get("duration=1");
  loop.advance(1s);
  EXPECT_TRUE(next->answer);
}

TEST_F(SupportBundle, ABusyProfilerCostsOnlyTheProfile) {
  busy = true;
  const auto reply = get("duration=1");
  loop.advance(1s);
  ASSERT_TRUE(reply->answer);
  EXPECT_EQ(reply->answer->status, 200);
  EXPECT_TRUE(holds(*reply->answer, "pprof/cpu-error.txt"));
  EXPECT_TRUE(holds(*reply->answer, "already in use\n"));
}

TEST_F(SupportBundle, TheRouterMayGoWhileOneIsCollected) {
  const auto reply = get("duration=1");
  router.reset();
  loop.advance(2s);
  EXPECT_FALSE(reply->answer);
  EXPECT_EQ(captures, 0);
}

TEST_F(SupportBundle, RefusedDurations) {
  const struct {
    const char* query;
    const char* error;
  } cases[] = {
      {"duration=x", "duration value (in seconds) should be a positive integer: \"x\" is not one\n"},
      {"duration=1.5", "duration value (in seconds) should be a positive integer: \"1.5\" is not one\n"},
      {"duration=5s", "duration value (in seconds) should be a positive integer: \"5s\" is not one\n"},
      {"duration=0", "duration value (in seconds) should be larger than 1\n"},
      {"duration=-3", "duration value (in seconds) should be larger than 1\n"},
      {"duration=31", "duration value exceeds the server's write timeout\n"},
  };
  for (const auto& c : cases) {
    const auto reply = get(c.query);
    ASSERT_TRUE(reply->answer);
    EXPECT_EQ(reply->answer->status, 400);
    EXPECT_EQ(reply->answer->body, c.error);
  }
  EXPECT_EQ(get("", "POST")->answer->status, 405);
}

TEST_F(SupportBundle, DisabledByTheFlag) {
  host.disabled = true;
  const auto reply = get("duration=1");
  ASSERT_TRUE(reply->answer);
  EXPECT_EQ(reply->answer->status, 403);
  EXPECT_EQ(reply->answer->body, "support bundles are disabled by --server.http.disable-support-bundle\n");
}

TEST_F(SupportBundle, TheQueueIsBounded) {
  std::vector<std::shared_ptr<BundleAnswer>> waiting;
  for (int i = 0; i < 17; ++i) waiting.push_back(get("duration=1"));
  const auto refused = get("duration=1");
  ASSERT_TRUE(refused->answer);
  EXPECT_EQ(refused->answer->status, 503);
  waiting.back()->hang_up();
  EXPECT_FALSE(get("duration=1")->answer);
}

}  // namespace
}  // namespace invar::services
