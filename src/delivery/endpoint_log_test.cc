#include "delivery/endpoint_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EndpointLogTest : public ::testing::Test {
 protected:
  EndpointLogTest() {
    sink->configure({.level = log::Level::kInfo});
    log = std::make_unique<EndpointLog>(loop, log::Logger(sink));
  }
  static Reply reply(std::string code, Verdict verdict = Verdict::kRetry) {
    return {.verdict = verdict, .code = code, .error = code, .sentence = "says " + code};
  }
  void change(EndpointState state, const std::string& code) { log->change(state, reply(code), "http://one"); }
  std::vector<std::string> take_lines() { return std::exchange(lines, {}); }

  async::testing::TestLoop loop;
  std::vector<std::string> lines;
  std::shared_ptr<log::Sink> sink = log::Sink::create(
      [this](std::string_view line) { lines.emplace_back(line); }, [this] { return loop.unix_ns(); });
  std::unique_ptr<EndpointLog> log;
};

TEST_F(EndpointLogTest, EachStateHasItsLineAndItsWayBack) {
  const struct {
    EndpointState state;
    const char* line;
  } rows[] = {
      {EndpointState::kFailing, "level=warn msg=\"endpoint is failing; profiles are queued and retried\""},
      {EndpointState::kHeld,
       "level=error msg=\"endpoint refuses the credentials; profiles are queued until they are mended\""},
      {EndpointState::kMisaddressed,
       "level=error msg=\"endpoint is not reached at its address; profiles are queued until it is mended\""},
      {EndpointState::kRefusing, "level=warn msg=\"endpoint refuses profiles\""},
  };
  log->success("http://one", 0);
  EXPECT_THAT(lines, IsEmpty()) << "that it works at once is no news";
  for (const auto& row : rows) {
    change(row.state, "unavailable");
    EXPECT_THAT(take_lines(), ElementsAre(HasSubstr(row.line))) << to_string(row.state);
    log->success("http://one", 7);
    EXPECT_THAT(take_lines(),
                ElementsAre(HasSubstr("msg=\"endpoint takes profiles again\" endpoint=http://one queued=7")));
    EXPECT_EQ(log->state(), EndpointState::kWorking);
  }
}

TEST_F(EndpointLogTest, ANewKindOfFailureIsToldOnceAMinute) {
  change(EndpointState::kFailing, "unavailable");
  change(EndpointState::kFailing, "timeout");
  EXPECT_EQ(take_lines().size(), 1u);
  loop.advance(EndpointLog::kPeriod);
  change(EndpointState::kFailing, "unavailable");
  EXPECT_THAT(lines, IsEmpty()) << "the same as was told";
  change(EndpointState::kFailing, "timeout");
  EXPECT_THAT(take_lines(), ElementsAre(HasSubstr("says timeout")));
}

TEST_F(EndpointLogTest, LostProfilesAreCountedInOneLineAMinute) {
  for (int i = 0; i < 3; ++i) log->lost("expired", "too old", "http://one");
  EXPECT_THAT(take_lines(), ElementsAre(HasSubstr("profiles=1 reason=expired err=\"too old\"")));
  loop.advance(EndpointLog::kPeriod);
  log->lost("expired", "too old", "http://one");
  EXPECT_THAT(take_lines(), ElementsAre(HasSubstr("profiles=3")));
}

TEST_F(EndpointLogTest, AnErrorIsOverWithTheNextSuccessAndARefusalOfOneProfileAfterAWhile) {
  log->error(reply("unavailable"));
  EXPECT_EQ(log->last_error(), "says unavailable");
  EXPECT_EQ(log->last_error_unix_ns(), loop.unix_ns());
  log->success("http://one", 0);
  EXPECT_EQ(log->last_error(), "");

  log->error(reply("invalid_argument", Verdict::kGiveUp));
  log->success("http://one", 0);
  EXPECT_EQ(log->last_error(), "says invalid_argument") << "others are taken; this one was not";
  loop.advance(EndpointLog::kRefusalShown);
  log->success("http://one", 0);
  EXPECT_EQ(log->last_error(), "");
}

}  // namespace
}  // namespace invar::delivery
