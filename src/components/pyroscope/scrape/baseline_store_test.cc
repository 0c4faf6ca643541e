#include "components/pyroscope/scrape/baseline_store.h"

#include <gtest/gtest.h>

#include "fs/testing/memory_fs.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr UnixNanos kNow = 1'000'000'000'000;

pprof::DeltaStatePtr state(std::int64_t value) {
  pprof::Profile p;
  p.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  p.locations = {{.id = 1, .address = 0x10}};
  p.samples = {{.location_ids = {1}, .values = {value, value}}};
  return pprof::DeltaEngine().step(pprof::serialize(p), "mutex", nullptr, 1 << 20)->next;
}

class BaselineStore : public ::testing::Test {
 protected:
  std::string bytes() { return files_->read_file("/data/baselines").value_or(""); }
  void write(const std::string& bytes) {
    ASSERT_TRUE(files_->write_file_atomically("/data/baselines", bytes, 0640, false));
  }
  LoadedBaselines load(UnixNanos now = kNow) { return load_baselines_blocking(*files_, "/data", now); }

  std::shared_ptr<fs::FileSystem> files_ = fs::testing::MemoryFileSystem::create();
};

TEST_F(BaselineStore, GivesBackWhatItWasGivenOnce) {
  ASSERT_TRUE(save_baselines_blocking(*files_, "/data", {{7, "mutex", state(5)}, {8, "block", state(6)}}));
  const auto loaded = load();
  EXPECT_EQ(loaded.problem, "");
  ASSERT_EQ(loaded.baselines.size(), 2u);
  EXPECT_EQ(loaded.baselines[1].identity, 8u);
  EXPECT_EQ(loaded.baselines[1].name, "block");
  EXPECT_EQ(pprof::save_state(*loaded.baselines[1].state), pprof::save_state(*state(6)));
  // Whoever is killed from now on must not find them again: deltas beyond them may have been sent.
  EXPECT_TRUE(load().baselines.empty());
  EXPECT_EQ(load().problem, "");
}

TEST_F(BaselineStore, ABaselineThatMayHaveBeenPassedIsLeftOut) {
  ASSERT_TRUE(save_baselines_blocking(*files_, "/data",
                                      {{7, "mutex", state(5), kNow - 1}, {8, "mutex", state(6), kNow}}));
  const auto loaded = load(kNow);
  ASSERT_EQ(loaded.baselines.size(), 1u);
  EXPECT_EQ(loaded.baselines[0].identity, 8u);
}

TEST_F(BaselineStore, NoDamageGoesUnnoticed) {
  ASSERT_TRUE(save_baselines_blocking(*files_, "/data", {{7, "mutex", state(5)}, {8, "block", state(6)}}));
  const std::string whole = bytes();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] ^= 0x20;
    write(flipped);
    const auto loaded = load();
    EXPECT_NE(loaded.problem, "") << at;
    EXPECT_LE(loaded.baselines.size(), 1u) << at;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_LE(load().baselines.size(), 1u) << size;
  }
  write("INVARBL1" + whole.substr(8));
  EXPECT_EQ(load().problem, "it is not a baseline file of this version");
}

TEST_F(BaselineStore, APartOfAFileIsNeverSeen) {
  ASSERT_TRUE(save_baselines_blocking(*files_, "/data", {{7, "mutex", state(5)}}));
  // A process that was killed while it wrote left its part behind.
  ASSERT_TRUE(files_->write_file_atomically("/data/baselines.tmp", "INVARBL2 half", 0640, false));
  EXPECT_EQ(load().baselines.size(), 1u);
  EXPECT_TRUE(save_baselines_blocking(*files_, "/data", {{9, "mutex", state(5)}}));
  ASSERT_EQ(load().baselines.size(), 1u);
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
