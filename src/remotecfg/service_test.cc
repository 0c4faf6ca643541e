// The remote configuration in virtual time, against a server that the test plays.
#include "remotecfg/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "codec/wire.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_transport.h"
#include "http/testing/packed.h"

namespace invar::remotecfg {
namespace {

using http::testing::answer;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RemoteConfiguration : public ::testing::Test {
 protected:
  RemoteConfiguration() {
    transport_->set_handler([this](const http::Request& request) -> http::testing::Answer {
      methods_.push_back(request.url.substr(request.url.rfind('/') + 1));
      messages_.push_back(http::testing::body_of(request));
      if (broken_) return answer(502, "text/html", "<html>");
      std::string out;
      if (methods_.back() == "GetConfig") {
        codec::wire::append_field(out, 1, text_);
        codec::wire::append_field(out, 2, "hash of " + text_);
      }
      return answer(200, "application/proto", out);
    });
    make();
  }

  void make() {
    scope_ = registry_->scope({});
    service_ = std::make_unique<Service>(
        Service::Environment{.loop = &loop_,
                             .disk_pool = &pool_,
                             .files = files_,
                             .http = transport_,
                             .metrics = scope_.get(),
                             .logger = log::Logger(sink_),
                             .directory = "/storage/remotecfg",
                             .instance_uid = "uid",
                             .load = [this](const std::string& text, Service::Loaded done) {
                               loads_.push_back(text);
                               done(text.starts_with("bad") ? "3:1: no good" : "");
                             }});
  }
  void start(const std::string& url = "http://server") {
    ASSERT_TRUE(service_->update({.url = url}));
    service_->start();
    loop_.advance(seconds(1));
  }
  void again() {
    service_.reset();
    loads_.clear();
    make();
    start();
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<http::testing::FakeTransport> transport_ =
      std::make_shared<http::testing::FakeTransport>(loop_);
  std::shared_ptr<log::Sink> sink_ = log::Sink::create([](std::string_view) {});
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_;
  std::string text_ = "one";
  bool broken_ = false;
  std::vector<std::string> methods_, messages_, loads_;
  std::unique_ptr<Service> service_;
};

TEST_F(RemoteConfiguration, IsAskedForAndItsFateTold) {
  start();
  EXPECT_THAT(loads_, ElementsAre("one"));
  EXPECT_THAT(methods_, ElementsAre("RegisterCollector", "GetConfig", "GetConfig"));
  EXPECT_EQ(service_->state().status.code, StatusCode::kApplied);
  loop_.advance(std::chrono::minutes(2) + 2 * kMostJitter);
  EXPECT_THAT(loads_, ElementsAre("one"));  // the same text is not loaded again
  EXPECT_EQ(methods_.size(), 5u);
}

TEST(PollDelay, IsSpreadAroundTheFrequencyDifferentlyEachTimeAndForEachCollector) {
  const Duration minute = std::chrono::minutes(1);
  Duration least = minute, most = minute;
  for (std::uint64_t n = 0; n < 200; ++n) {
    const Duration delay = poll_delay(minute, "one", n);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, minute - kMostJitter);
  EXPECT_LT(least, minute - kMostJitter / 2);
  EXPECT_LE(most, minute + kMostJitter);
  EXPECT_GT(most, minute + kMostJitter / 2);
  EXPECT_NE(poll_delay(minute, "one", 1), poll_delay(minute, "two", 1));
}

TEST_F(RemoteConfiguration, TellsWhenItAskedAndLoaded) {
  start();
  const UnixNanos loaded = service_->state().loaded_unix_ns;
  EXPECT_GT(loaded, 0);
  loop_.advance(std::chrono::minutes(2) + 2 * kMostJitter);
  EXPECT_EQ(service_->state().loaded_unix_ns, loaded);
  EXPECT_GT(service_->state().asked_unix_ns, loaded + 60'000'000'000);
}

TEST_F(RemoteConfiguration, AnswersMayComePacked) {
  transport_->set_handler([](const http::Request&) {
    std::string out;
    codec::wire::append_field(out, 1, "packed text");
    return http::testing::packed(answer(200, "application/proto", out));
  });
  start();
  EXPECT_EQ(loads_, std::vector<std::string>{"packed text"});
}

TEST_F(RemoteConfiguration, NothingIsAskedWithoutAUrl) {
  start("");
  EXPECT_THAT(methods_, IsEmpty());
  EXPECT_FALSE(service_->state().enabled);
}

TEST_F(RemoteConfiguration, AWrongTextLeavesTheLastGoodOneAndIsTriedOnce) {
  start();
  text_ = "bad";
  loop_.advance(std::chrono::minutes(3) + 3 * kMostJitter);
  EXPECT_THAT(loads_, ElementsAre("one", "bad", "one"));
  EXPECT_EQ(service_->state().status, (Status{StatusCode::kFailed, "3:1: no good"}));
  EXPECT_EQ(service_->state().text, "one");
  text_ = "two";
  loop_.advance(std::chrono::minutes(1) + kMostJitter);
  EXPECT_EQ(service_->state().text, "two");
  EXPECT_EQ(service_->state().status.code, StatusCode::kApplied);
}

TEST_F(RemoteConfiguration, AStartWithoutTheServerRunsFromTheCopy) {
  start();
  broken_ = true;
  again();
  EXPECT_THAT(loads_, ElementsAre("one"));
  EXPECT_TRUE(service_->state().from_cache);
  EXPECT_EQ(service_->state().last_error, "unavailable: 502 Bad Gateway");
  broken_ = false;
  loop_.advance(std::chrono::minutes(1) + kMostJitter);
  EXPECT_FALSE(service_->state().from_cache);
  EXPECT_EQ(service_->state().status.code, StatusCode::kApplied);
  EXPECT_THAT(loads_, ElementsAre("one"));
}

TEST_F(RemoteConfiguration, AStartWithoutServerAndCopyRunsNothing) {
  broken_ = true;
  start();
  EXPECT_THAT(loads_, IsEmpty());
  broken_ = false;
  loop_.advance(std::chrono::minutes(1) + kMostJitter);
  EXPECT_THAT(loads_, ElementsAre("one"));
}

TEST_F(RemoteConfiguration, AFailureWhileItRunsChangesNothingButIsTold) {
  start();
  broken_ = true;
  loop_.advance(std::chrono::minutes(2) + 2 * kMostJitter);
  broken_ = false;
  messages_.clear();
  loop_.advance(std::chrono::minutes(1) + kMostJitter);
  EXPECT_THAT(messages_.front(), HasSubstr("unavailable: 502 Bad Gateway"));
  EXPECT_EQ(service_->state().status.code, StatusCode::kApplied);
  EXPECT_THAT(loads_, ElementsAre("one"));
}

TEST_F(RemoteConfiguration, GoesWithItsBlockAndComesAgain) {
  start();
  ASSERT_TRUE(service_->update({}));
  loop_.advance(seconds(1));
  EXPECT_THAT(loads_, ElementsAre("one", ""));
  EXPECT_EQ(methods_.back(), "UnregisterCollector");
  ASSERT_TRUE(service_->update({.url = "http://server"}));
  loop_.advance(seconds(1));
  EXPECT_THAT(loads_, ElementsAre("one", "", "one"));
}

TEST_F(RemoteConfiguration, TheEndIsToldWithinASecond) {
  start();
  transport_->set_handler(nullptr);  // hangs
  bool done = false;
  service_->stop([&] { done = true; });
  loop_.advance(seconds(2));
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace invar::remotecfg
