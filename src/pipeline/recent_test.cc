#include "pipeline/recent.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "codec/gzip.h"

namespace invar::pipeline {
namespace {

class Recent : public ::testing::Test {
 protected:
  ProfilePtr profile(std::string_view pod, std::size_t bytes, UnixNanos taken = 1) const {
    auto made = std::make_shared<Profile>();
    made->labels = Labels{{"__name__", "memory"}, {"pod", pod}, {"__hash__", std::to_string(taken)}};
    std::string body = "\x1f\x8b";
    body.resize(bytes, 'x');
    made->body = share(std::move(body));
    made->taken_unix_ns = taken;
    return made;
  }
  std::string shown() const {
    std::string out;
    for (const auto& [id, series] : recent.series())
      out += std::string(series.labels.get("pod")) + "=" + std::to_string(series.entries.size()) + " ";
    return out;
  }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  RecentProfiles recent{pool, 10'000};
};

TEST_F(Recent, KeepsTheLastProfilesOfEverySeriesWithinTheLimit) {
  for (UnixNanos i = 1; i <= 20; ++i) recent.keep("a.b", profile(i % 2 == 0 ? "even" : "odd", 1000, i));
  EXPECT_LE(recent.bytes(), 10'000u);
  ASSERT_EQ(recent.series().size(), 2u);
  for (const auto& [id, series] : recent.series()) {
    EXPECT_EQ(recent.find(id), &series);
    EXPECT_GE(series.entries.back().profile->taken_unix_ns, 19);
    EXPECT_GE(series.entries.size(), 3u);
  }
  EXPECT_GT(recent.oldest_unix_ns(), 10);
}

TEST_F(Recent, ASeriesGoesWithItsLastProfile) {
  recent.keep("a.b", profile("gone", 1000));
  for (int i = 0; i < 10; ++i) recent.keep("a.b", profile("here", 1000));
  ASSERT_EQ(recent.series().size(), 1u);
  EXPECT_EQ(recent.series().begin()->second.labels.get("pod"), "here");
}

TEST_F(Recent, OneComponentsSeriesAreNotAnothers) {
  recent.keep("a.b", profile("x", 100));
  recent.keep("c.d", profile("x", 100));
  EXPECT_EQ(shown(), "x=1 x=1 ");
}

TEST_F(Recent, PlainBodiesAreCompressed) {
  auto plain = std::make_shared<Profile>();
  plain->body = share(std::string(5000, 'a'));
  recent.keep("a.b", plain);
  loop.run_until_idle();
  ASSERT_EQ(recent.series().size(), 1u);
  EXPECT_TRUE(codec::is_gzip(*recent.series().begin()->second.entries.front().profile->body));
  EXPECT_LT(recent.bytes(), 2000u);
}

TEST_F(Recent, OfIngestBodiesThoseAreKeptThatCanBeShown) {
  RecentProfiles some(pool, 10'000, [](const IngestInfo& info) { return info.query == "format=jfr"; });
  for (const char* query : {"format=jfr", "format=trie"}) {
    auto ingest = std::make_shared<Profile>(*profile("x", 10));
    ingest->kind = BodyKind::kIngest;
    ingest->ingest =
        std::make_shared<IngestInfo>(IngestInfo{.path = "/ingest", .query = query, .content_types = {}});
    some.keep("a.b", ingest);
    recent.keep("a.b", ingest);
  }
  ASSERT_EQ(some.series().size(), 1u);
  EXPECT_EQ(some.series().begin()->second.entries.size(), 1u);
  EXPECT_EQ(some.series().begin()->second.entries.front().profile->ingest->query, "format=jfr");
  EXPECT_TRUE(recent.series().empty());
}

TEST_F(Recent, NothingIsKeptWhenItIsOffAndNothingThatIsTooLarge) {
  RecentProfiles off(pool, 0);
  off.keep("a.b", profile("x", 10));
  EXPECT_TRUE(off.series().empty());
  recent.keep("a.b", profile("x", 20'000));
  EXPECT_TRUE(recent.series().empty());
}

}  // namespace
}  // namespace invar::pipeline
