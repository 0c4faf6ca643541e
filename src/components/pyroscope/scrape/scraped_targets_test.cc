// What pages see of the loops.
#include "components/pyroscope/scrape/scraped_targets.h"

#include <set>

#include "components/pyroscope/scrape/testing/pool_fixture.h"

namespace invar::components::pyroscope_scrape {
namespace {

using namespace testing_support;
using component::TargetRow;
using component::TargetState;

class ScrapedTargetsTest : public ScrapePoolTest {
 protected:
  std::vector<TargetRow> rows(std::size_t most = 1000) {
    std::vector<TargetRow> out;
    std::size_t from = 0;
    do {
      const std::size_t before = out.size();
      from = pool_->rows(from, most, out);
      EXPECT_LE(out.size() - before, most + 50);
    } while (from != 0);
    return out;
  }
};

TEST_F(ScrapedTargetsTest, EveryJobIsARowHoweverShortTheTurnsAre) {
  targets(300);
  start();
  std::set<std::string> ids;
  for (const TargetRow& row : rows(7)) ids.insert(row.id);
  EXPECT_EQ(ids.size(), 300u);
  EXPECT_EQ(pool_->count(), 300u);
  EXPECT_EQ(rows().front().state, TargetState::kWaiting);
}

TEST_F(ScrapedTargetsTest, AFailureHasItsWordItsSentenceAndItsTime) {
  targets(1);
  start();
  loop_.advance(seconds(15));
  ASSERT_EQ(rows().front().state, TargetState::kOk);
  failing_ = true;
  loop_.advance(seconds(15));
  const TargetRow row = rows().front();
  EXPECT_EQ(row.state, TargetState::kFailing);
  EXPECT_EQ(row.cause, "connect");
  EXPECT_TRUE(row.text.starts_with("connection refused")) << row.text;
  EXPECT_NE(row.since_unix_ns, 0);
  EXPECT_EQ(pool_->totals().failing, 1u);
  EXPECT_EQ(pool_->totals().failed, 1u);
  const auto detail = pool_->detail(row.id);
  ASSERT_TRUE(detail);
  ASSERT_EQ(detail->scrapes.size(), 2u);
  EXPECT_EQ(detail->scrapes[0].outcome, "connect");
  EXPECT_EQ(detail->scrapes[1].outcome, "ok");
  EXPECT_EQ(detail->scrapes[1].bytes, body_.size());
}

TEST_F(ScrapedTargetsTest, TheLastAnswerThatWasNoProfileIsKept) {
  targets(1);
  body_ = "<html><body>not here</body></html>";
  type_ = "text/html";
  start();
  loop_.advance(seconds(15));
  const auto page = pool_->detail(rows().front().id)->answer;
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->content_type, "text/html");
  status_ = 500;
  body_ = "out of order";
  type_ = "text/plain";
  loop_.advance(seconds(15));
  const auto error = pool_->detail(rows().front().id)->answer;
  EXPECT_EQ(error->status, 500);
  EXPECT_EQ(error->head, "out of order");
}

TEST_F(ScrapedTargetsTest, OnlyTheLastScrapesAreRemembered) {
  targets(1);
  start();
  loop_.advance(seconds(15 * 30));
  const auto detail = pool_->detail(rows().front().id);
  ASSERT_EQ(detail->scrapes.size(), ScrapeHistory::kRecords);
  EXPECT_EQ(detail->scrapes[0].started_unix_ns - detail->scrapes[1].started_unix_ns,
            Duration(seconds(15)).count());
}

TEST_F(ScrapedTargetsTest, AScrapeOnRequestIsBesideTheRegularOnes) {
  targets(1);
  start();
  loop_.advance(seconds(20));
  const std::string id = rows().front().id;
  const auto before = requests_.size();
  hang_ = true;
  EXPECT_EQ(pool_->scrape_now(id), ScrapePool::Asked::kBegun);
  EXPECT_EQ(pool_->scrape_now(id), ScrapePool::Asked::kBusy);
  EXPECT_EQ(requests_.size(), before + 1);
  for (const char* unknown : {"", "bad~0", "0123456789abcdef~memory", "x", "0123456789abcdeg~goroutine"})
    EXPECT_EQ(pool_->scrape_now(unknown), ScrapePool::Asked::kUnknown) << unknown;
}

TEST_F(ScrapedTargetsTest, TargetsThatCannotBeScrapedAreRows) {
  arguments_.targets.targets.push_back(Target(Target::Map{{"service_name", "x"}}));
  start();
  const auto all = rows();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, TargetState::kFailing);
  EXPECT_EQ(all[0].cause, "bad_target");
  EXPECT_EQ(all[0].text, "no address");
  EXPECT_FALSE(pool_->detail(all[0].id));
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
