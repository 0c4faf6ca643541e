#include "archive_tool/replay.h"

#include <gmock/gmock.h>

#include "archive_tool/testing/tool_test.h"
#include "async/testing/test_loop.h"
#include "codec/gzip.h"
#include "pprof/testing/random_profile.h"

namespace invar::archive_tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace archive_tool::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ReplayerTest : public ToolTest {
 protected:
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      paths_.push_back(store({{"__name__", "cpu"}, {"n", std::to_string(i)}}, kStart + i * kSecond,
                             profile_of({{"cpu", "nanoseconds"}}, {"main 5"})));
    }
  }
  void begin(Replayer::Settings settings = {}, ReplayState resume = {}, std::string selector = "") {
    Selection selection = archive_;
    selection.selector = selector;
    source_ = std::make_unique<Source>(*Source::open(environment_, selection));
    finished_ = false;
    replayer_ = std::make_unique<Replayer>(
        loop_, pool_, *source_, settings, std::move(resume),
        Replayer::Events{[this](pipeline::ProfilePtr profile, Replayer::Ended ended) {
                           sent_.push_back(std::string(profile->labels.get("n")));
                           last_ = profile;
                           under_way_.emplace_back(sent_.back(), std::move(ended));
                         },
                         [this](const std::string& problem) { problems_.push_back(problem); },
                         [this] { finished_ = true; }});
    replayer_->start();
    loop_.run_until_idle();
  }
  void end(const std::string& n, ReplayEnd how = ReplayEnd::kSent, std::string error = "") {
    const auto at = std::ranges::find(under_way_, n, &std::pair<std::string, Replayer::Ended>::first);
    ASSERT_NE(at, under_way_.end()) << n;
    auto ended = std::move(at->second);
    under_way_.erase(at);
    ended(how, std::move(error));
    loop_.run_until_idle();
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::vector<std::string> paths_, sent_, problems_;
  std::vector<std::pair<std::string, Replayer::Ended>> under_way_;
  pipeline::ProfilePtr last_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Replayer> replayer_;
  bool finished_ = false;
};

TEST_F(ReplayerTest, SendsInOrderAndSomeAtATime) {
  fill(5);
  begin({.at_once = 2});
  EXPECT_THAT(sent_, ElementsAre("0", "1"));
  end("1");
  EXPECT_THAT(sent_, ElementsAre("0", "1", "2"));
  for (const char* n : {"0", "2", "3", "4"}) end(n);
  EXPECT_TRUE(finished_);
  EXPECT_TRUE(replayer_->progress().complete);
  EXPECT_EQ(replayer_->progress().sent, 5u);
  EXPECT_EQ(replayer_->state().up_to, paths_[4]);
  EXPECT_TRUE(replayer_->state().also.empty());
}

TEST_F(ReplayerTest, GoesOnBehindWhatIsDoneInWhateverOrderItEnded) {
  fill(6);
  begin({.at_once = 4});
  end("0");
  end("2");
  replayer_->stop();
  end("1", ReplayEnd::kNotDelivered, "gone");
  end("3");
  for (const char* n : {"4", "5"}) end(n, ReplayEnd::kNotDelivered, "gone");
  EXPECT_TRUE(finished_);
  const ReplayState state = *parse_replay_state(replay_state_json(replayer_->state()));
  EXPECT_EQ(state, replayer_->state());
  EXPECT_EQ(state.up_to, paths_[0]);

  // Files may be gone, and new ones there, by the next run.
  ASSERT_TRUE(disk_->remove(paths_[0]));
  sent_.clear();
  begin({}, state);
  EXPECT_THAT(sent_, ElementsAre("1", "4", "5"));
  for (const char* n : {"1", "4", "5"}) end(n);
  EXPECT_TRUE(replayer_->progress().complete);
  EXPECT_EQ(replayer_->state().sent, 6u);
}

TEST_F(ReplayerTest, AProfileThatCannotBeDeliveredStopsItAndARefusedOneDoesNot) {
  fill(5);
  begin({.at_once = 1});
  end("0", ReplayEnd::kRefused, "bad labels");
  EXPECT_THAT(problems_, ElementsAre(paths_[0] + ": bad labels"));
  end("1", ReplayEnd::kNotDelivered, "no answer");
  EXPECT_TRUE(finished_);
  EXPECT_FALSE(replayer_->progress().complete);
  EXPECT_EQ(problems_.back(), paths_[1] + ": no answer");
  EXPECT_EQ(replayer_->state().up_to, paths_[0]);
}

TEST_F(ReplayerTest, KeepsTheRate) {
  fill(10);
  begin({.per_second = 2});
  EXPECT_GE(sent_.size(), 1u);
  const std::size_t burst = sent_.size();
  EXPECT_LE(burst, 3u);
  loop_.advance(seconds(2));
  EXPECT_EQ(sent_.size(), burst + 4);
}

TEST_F(ReplayerTest, SelectsAndNamesWhatItCannotRead) {
  fill(4);
  write(paths_[1], "broken");
  begin({}, {}, R"({n!="2"})");
  EXPECT_THAT(sent_, ElementsAre("0", "3"));
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_THAT(problems_[0], HasSubstr(paths_[1]));
  end("0");
  end("3");
  EXPECT_TRUE(finished_);
  EXPECT_EQ(replayer_->progress().unreadable, 1u);
}

TEST_F(ReplayerTest, SendsTheOriginalBytesUnlessTimesMove) {
  fill(1);
  begin();
  const std::string original =
      pprof::testing::gzipped(pprof::serialize(profile_of({{"cpu", "nanoseconds"}}, {"main 5"})));
  EXPECT_EQ(*last_->body, original);
  begin({}, {.shift = seconds(100)});
  EXPECT_EQ(last_->taken_unix_ns, kStart + 100 * kSecond);
  EXPECT_EQ(summarize(*last_->body)->time_unix_ns, kStart + 100 * kSecond);
  EXPECT_TRUE(codec::is_gzip(*last_->body));
}

TEST(Replay, MovesTheTimesOfAQuery) {
  EXPECT_EQ(shift_query("name=a%7Bb%3Dc%7D&from=1789000000&until=1789000010000&spy=x", seconds(60)),
            "name=a%7Bb%3Dc%7D&from=1789000060&until=1789000070000&spy=x");
  EXPECT_EQ(shift_query("from=1789000000000000000", seconds(-1)), "from=1788999999000000000");
  EXPECT_EQ(shift_query("from=now-1h&from", seconds(60)), "from=now-1h&from");
}

TEST(Replay, StatesOfAnotherKindAreRefused) {
  for (const char* text : {"", "[]", "{}", R"({"version":2,"sent":0,"shift_ns":0,"up_to":"","also":[]})",
                           R"({"version":1,"sent":0,"shift_ns":0,"up_to":1,"also":[]})",
                           R"({"version":1,"sent":0,"shift_ns":0,"up_to":"","also":[1]})"}) {
    EXPECT_FALSE(parse_replay_state(text)) << text;
  }
}

TEST(Replay, ReadsRates) {
  EXPECT_EQ(parse_rate("100"), 100);
  EXPECT_EQ(parse_rate("1.5/s"), 1.5);
  EXPECT_EQ(parse_rate("600/m"), 10);
  for (const char* bad : {"", "0", "-1", "x", "1/d"}) EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Replay, ProgressFitsTheLine) {
  Replayer::Progress progress{.files = 10'000, .gone_through = 4'500, .sent = 4'400, .refused = 2};
  EXPECT_EQ(progress_text(progress, 320, "", 0),
            " 45%  4500 of 10000 files, 4400 sent, 2 refused, 320/s, 17s left");
  EXPECT_EQ(progress_text(progress, 320, "no answer", 120),
            "[==========              ]  45%  4500 of 10000 files, 4400 sent, 2 refused, waiting: no answer");
  for (std::size_t columns = 2; columns < 150; ++columns)
    EXPECT_LT(progress_text(progress, 320, "", columns).size(), columns);
  EXPECT_THAT(progress_text({}, 0, "", 0), HasSubstr("100%  0 of 0 files"));
}

}  // namespace
}  // namespace invar::archive_tool
