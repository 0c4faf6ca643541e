#include "fs/watcher.h"
#include "fs/testing/temp_dir.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace invar::fs {
namespace {

namespace stdfs = std::filesystem;

class WatcherTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) { temporary_.write(name, text); }
  bool saw(const std::string& name) {
    const auto events = watcher_->read_events();
    return std::ranges::any_of(events, [&](const auto& e) { return e.name == name; });
  }

  testing::TempDir temporary_;
  const std::string& dir_ = temporary_.root();
  std::unique_ptr<Watcher> watcher_ = *Watcher::create();
};

TEST_F(WatcherTest, ReportsEveryWayAFileChanges) {
  ASSERT_TRUE(watcher_->add(dir_));
  EXPECT_TRUE(watcher_->read_events().empty());
  write("a", "1");
  EXPECT_TRUE(saw("a"));
  write("a", "2");
  EXPECT_TRUE(saw("a"));
  stdfs::rename(dir_ + "/a", dir_ + "/b");
  EXPECT_TRUE(saw("b"));
  stdfs::remove(dir_ + "/b");
  EXPECT_TRUE(saw("b"));
}

TEST_F(WatcherTest, IgnoresPermissionsAlone) {
  write("a", "1");
  ASSERT_TRUE(watcher_->add(dir_));
  stdfs::permissions(dir_ + "/a", stdfs::perms::owner_read);
  EXPECT_TRUE(watcher_->read_events().empty());
}

TEST_F(WatcherTest, TellsWhenTheDirectoryIsGone) {
  stdfs::create_directory(dir_ + "/d");
  const auto id = watcher_->add(dir_ + "/d");
  ASSERT_TRUE(id);
  EXPECT_EQ(*watcher_->add(dir_ + "/d/"), *id) << "the same directory, the same watch";
  stdfs::remove(dir_ + "/d");
  const auto events = watcher_->read_events();
  EXPECT_TRUE(std::ranges::any_of(events, [&](const auto& e) { return e.watch == *id && e.ended; }));
}

TEST_F(WatcherTest, RefusesWhatIsNoDirectory) {
  EXPECT_EQ(watcher_->add(dir_ + "/missing").error().code, ErrorCode::kNotFound);
  write("file", "");
  EXPECT_FALSE(watcher_->add(dir_ + "/file"));
}

TEST_F(WatcherTest, RemovedWatchesAreSilent) {
  const auto id = watcher_->add(dir_);
  watcher_->remove(*id);
  watcher_->read_events();
  write("a", "1");
  EXPECT_FALSE(saw("a"));
}

TEST_F(WatcherTest, PointsFollowSymbolicLinks) {
  // As Kubernetes mounts a secret: token -> ..data/token, ..data -> ..2026_01.
  stdfs::create_directory(dir_ + "/..2026_01");
  write("..2026_01/token", "x");
  stdfs::create_symlink("..2026_01", dir_ + "/..data");
  stdfs::create_symlink("..data/token", dir_ + "/token");
  EXPECT_EQ(watch_points(dir_ + "/token"),
            (std::vector<WatchPoint>{{dir_, "token"}, {dir_, "..data"}, {dir_ + "/..2026_01", "token"}}));
  EXPECT_EQ(watch_points(dir_ + "/plain"), (std::vector<WatchPoint>{{dir_, "plain"}}))
      << "missing, but may appear";
  stdfs::create_symlink(dir_ + "/token", dir_ + "/absolute");
  EXPECT_EQ(watch_points(dir_ + "/absolute").size(), 4u);
  stdfs::create_symlink("loop", dir_ + "/loop");
  EXPECT_EQ(watch_points(dir_ + "/loop").size(), 1u) << "a loop ends";
}

}  // namespace
}  // namespace invar::fs
