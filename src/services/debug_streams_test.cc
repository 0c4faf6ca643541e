// What `/api/v0/web/debug/ID` sends: cli-http-ui.md 6.5.
#include "services/debug_streams.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "http/testing/stream_reader.h"
#include "services/testing/ask.h"

namespace invar::services {
namespace {

using namespace std::chrono_literals;
using http::testing::StreamReader;
using testing::ask;

class OneComponent : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<component::ComponentView> list(std::string_view) const override { return {}; }
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view id) const override {
    component::ComponentView view;
    const std::string_view local = id.substr(id.find('/') == std::string_view::npos ? 0 : id.find('/') + 1);
    view.name = local.substr(0, local.rfind('.'));
    if (id == "discovery.file.f" || id == "mod/pyroscope.scrape.s" || id == "local.file.l" || id == "mine.m")
      return view;
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
  [[nodiscard]] std::optional<component::RunningComponent> running(std::string_view id) const override {
    if (id == "mine.m") return {};  // of a declare
    component::RunningComponent running;
    running.tap = id == "mod/pyroscope.scrape.s" ? scrape : file;
    return running;
  }
  pipeline::Tap file, scrape;
};

class Streams : public ::testing::Test {
 protected:
  Streams() { streams_.add_to(router_, "/p/", directory_); }

  std::shared_ptr<StreamReader> open(const std::string& target) {
    auto reader = std::make_shared<StreamReader>();
    http::ServerRequest request;
    request.method = "GET";
    request.path = "/p/api/v0/web/debug/" + target.substr(0, target.find('?'));
    if (const auto at = target.find('?'); at != std::string::npos) request.query = target.substr(at + 1);
    router_.handle(std::move(request), reader);
    return reader;
  }
  std::string refused(const std::string& id, int status) {
    const auto answer = ask(router_, "/p/api/v0/web/debug/" + id);
    EXPECT_EQ(answer.status, status);
    return answer.body;
  }

  async::testing::TestLoop loop_;
  OneComponent directory_;
  Router router_;
  std::string log_;
  std::shared_ptr<log::Sink> sink_ = log::Sink::create([this](std::string_view line) { log_ += line; });
  DebugStreams streams_{loop_, log::Logger(sink_)};
};

TEST_F(Streams, AreThereWhenTheBlockSaysSo) {
  constexpr const char* kDisabled =
      "the live debugging service is disabled. Check the documentation to find out how to enable it\n";
  EXPECT_EQ(refused("discovery.file.f", 500), kDisabled);
  EXPECT_EQ(refused("no.such", 500), kDisabled);
  streams_.enable(true);
  EXPECT_EQ(refused("no.such", 500), "component not found\n");
  EXPECT_EQ(refused("local.file.l", 500), "the component \"local.file\" does not support live debugging\n");
  EXPECT_EQ(refused("mine.m", 500), "the component \"mine\" does not support live debugging\n");
  for (const char* wrong : {"-0.1", "1.1", "nan", "some", ""})
    EXPECT_EQ(refused("discovery.file.f?sampleProb=" + std::string(wrong), 400),
              "sampleProb must be a number from 0 to 1\n");
  const auto reader = open("discovery.file.f");
  EXPECT_EQ(reader->answer->status, 200);
  EXPECT_FALSE(reader->finished);
}

TEST_F(Streams, SendWhatPassesOnceASecond) {
  streams_.enable(true);
  const auto reader = open("discovery.file.f");
  EXPECT_TRUE(directory_.file.watched());
  directory_.file.show("exports", [] { return "one"; });
  directory_.file.show("exports", [] { return "two"; });
  EXPECT_EQ(reader->got, "");
  loop_.advance(1s);
  EXPECT_EQ(reader->got, "one|;|two|;|");
  loop_.advance(5s);
  EXPECT_EQ(reader->got, "one|;|two|;|");
  reader->hang_up();
  directory_.file.show("exports", [] { return "three"; });
  EXPECT_FALSE(directory_.file.watched());
}

TEST_F(Streams, SayOfAProfileWhatItIsAndWhereItWent) {
  streams_.enable(true);
  const auto reader = open("mod/pyroscope.scrape.s");
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = Labels{{"__name__", "memory"}, {"service_name", "shop"}};
  profile->body = share(std::string("12345"));
  directory_.scrape.passed(profile, "pyroscope.write.out", "accepted");
  loop_.advance(1s);
  EXPECT_EQ(reader->got,
            "{__name__=\"memory\", service_name=\"shop\"} type=memory size=5 "
            "destination=\"pyroscope.write.out\" outcome=\"accepted\"|;|");
}

TEST_F(Streams, EndWhenTheyAreSwitchedOff) {
  streams_.enable(true);
  const auto reader = open("discovery.file.f");
  streams_.enable(false);
  EXPECT_TRUE(reader->finished);
  directory_.file.show("exports", [] { return "one"; });
  EXPECT_FALSE(directory_.file.watched());
  loop_.advance(5s);
  EXPECT_EQ(reader->got, "");
}

TEST_F(Streams, SampleWhatTheyAreAsked) {
  streams_.enable(true);
  const auto none = open("discovery.file.f?sampleProb=0");
  const auto half = open("discovery.file.f?sampleProb=0.5");
  for (int i = 0; i < 900; ++i) directory_.file.show("x", [] { return "x"; });
  loop_.advance(1s);
  EXPECT_EQ(none->got, "");
  const std::size_t items = half->got.size() / 4;
  EXPECT_GT(items, 350u);
  EXPECT_LT(items, 550u);
}

TEST_F(Streams, LoseWhatIsTooMuchForAClientAndSaySoOnce) {
  sink_->configure({});
  streams_.enable(true);
  const auto reader = open("discovery.file.f");
  reader->takes = false;
  reader->backlog.assign(DebugStreams::kMostBacklog + 1, '.');
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 600; ++i) directory_.file.show("x", [] { return "x"; });
    loop_.advance(1s);
  }
  reader->drain();
  loop_.advance(1s);
  EXPECT_EQ(reader->got.size(), DebugStreams::kMostBacklog + 1 + DebugStreams::kMostWaiting * 4);
  const std::string_view told = "a debug stream does not keep up";
  EXPECT_EQ(log_.find(told), log_.rfind(told));
  EXPECT_NE(log_.find(told), std::string::npos);
}

TEST_F(Streams, AreNotWithoutNumber) {
  streams_.enable(true);
  std::vector<std::shared_ptr<StreamReader>> readers;
  for (std::size_t i = 0; i < DebugStreams::kMostStreams; ++i) readers.push_back(open("discovery.file.f"));
  EXPECT_EQ(open("discovery.file.f")->answer->status, 503);
  readers.front()->hang_up();
  EXPECT_EQ(open("discovery.file.f")->answer->status, 200);
}

}  // namespace
}  // namespace invar::services
