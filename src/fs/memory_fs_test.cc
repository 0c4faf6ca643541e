// The test disk itself: capacity and power cuts must be as cruel as the real thing.
#include "fs/testing/memory_fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/testing/fault_fs.h"

namespace invar::fs::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MemoryFileSystem, FullDiskTakesWhatFitsAndGivesSpaceBack) {
  const auto fs = MemoryFileSystem::create({.capacity_bytes = 10});
  const auto file = *fs->open("/a", OpenMode::kCreateNew);
  ASSERT_TRUE(file->append("12345678").has_value());
  const auto full = file->append("abcdef");
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(fs->read_file("/a"), "12345678ab");
  ASSERT_TRUE(file->truncate(4).has_value());
  EXPECT_EQ(fs->used_bytes(), 4u);
  EXPECT_TRUE(file->append("abcdef").has_value());
  ASSERT_TRUE(fs->remove("/a").has_value());
  EXPECT_EQ(fs->used_bytes(), 0u);
}

TEST(MemoryFileSystem, PowerCutKeepsOnlySyncedBytesAndNames) {
  const auto fs = MemoryFileSystem::create();
  const auto a = *fs->open("/a", OpenMode::kCreateNew);
  ASSERT_TRUE(a->append("safe").has_value());
  ASSERT_TRUE(a->sync_data().has_value());
  ASSERT_TRUE(fs->sync_directory("/").has_value());
  ASSERT_TRUE(a->append("lost").has_value());
  const auto b = *fs->open("/b", OpenMode::kCreateNew);
  ASSERT_TRUE(b->append("x").has_value());
  ASSERT_TRUE(b->sync_data().has_value());  // the bytes are safe, the name is not
  fs->power_cut();
  EXPECT_EQ(fs->read_file("/a"), "safe");
  EXPECT_THAT(*fs->list("/"), ElementsAre("a"));
  EXPECT_EQ(a->append("y").error().code, ErrorCode::kUnavailable);
}

TEST(MemoryFileSystem, PowerCutMayKeepAPartOfTheTail) {
  const auto fs = MemoryFileSystem::create();
  const auto a = *fs->open("/a", OpenMode::kCreateNew);
  ASSERT_TRUE(a->append("safe").has_value());
  ASSERT_TRUE(a->sync_data().has_value());
  ASSERT_TRUE(a->append("torn").has_value());
  fs->power_cut([](const std::string&, std::size_t) { return 2; }, true);
  EXPECT_EQ(fs->read_file("/a"), "safeto");
}

TEST(MemoryFileSystem, UnsyncedRenameAndRemovalComeBack) {
  const auto fs = MemoryFileSystem::create();
  for (const char* path : {"/a", "/b"}) (void)fs->write_file_atomically(path, path, 0600, true);
  ASSERT_TRUE(fs->rename("/a", "/c").has_value());
  ASSERT_TRUE(fs->remove("/b").has_value());
  fs->power_cut();
  EXPECT_THAT(*fs->list("/"), ElementsAre("a", "b"));
  EXPECT_EQ(fs->read_file("/b"), "/b");
}

TEST(MemoryFileSystem, AFolderWhoseNameWasNotSyncedTakesItsFilesAlong) {
  const auto fs = MemoryFileSystem::create();
  ASSERT_TRUE(fs->make_directories("/x/y").has_value());
  ASSERT_TRUE(fs->write_file_atomically("/x/y/f", "1", 0600, true).has_value());
  fs->power_cut();
  EXPECT_THAT(*fs->list("/"), IsEmpty());
  EXPECT_FALSE(fs->stat("/x/y/f").has_value());
}

TEST(MemoryFileSystem, PowerCutReleasesLocks) {
  const auto fs = MemoryFileSystem::create();
  const auto held = fs->lock("/lock");
  fs->power_cut();
  EXPECT_TRUE(fs->lock("/lock").has_value());
}

TEST(MemoryFileSystem, AtomicSyncedWriteSurvives) {
  const auto fs = MemoryFileSystem::create();
  ASSERT_TRUE(fs->write_file_atomically("/a", "kept", 0600, true).has_value());
  fs->power_cut();
  EXPECT_EQ(fs->read_file("/a"), "kept");
}

TEST(FaultFileSystem, FailsTheChosenOperationOnly) {
  const auto memory = MemoryFileSystem::create();
  const auto fs = FaultFileSystem::create(memory);
  const auto file = *fs->open("/a", OpenMode::kCreateNew);
  fs->inject(
      {.at = 2, .only = Operation::kAppend, .code = ErrorCode::kResourceExhausted, .write_first_bytes = 3});
  EXPECT_TRUE(file->append("one").has_value());
  EXPECT_TRUE(file->sync_data().has_value());
  EXPECT_FALSE(fs->injected());
  EXPECT_EQ(file->append("second").error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(fs->injected());
  EXPECT_TRUE(file->append("!").has_value());
  EXPECT_EQ(memory->read_file("/a"), "onesec!");
}

TEST(FaultFileSystem, ABrokenDiskStaysBroken) {
  const auto fs = FaultFileSystem::create(MemoryFileSystem::create());
  const auto file = *fs->open("/a", OpenMode::kCreateNew);
  fs->inject({.at = 1, .only = Operation::kSyncData, .stay_broken = true});
  EXPECT_TRUE(file->append("x").has_value());
  EXPECT_FALSE(file->sync_data().has_value());
  EXPECT_FALSE(file->append("x").has_value());
  EXPECT_FALSE(fs->list("/").has_value());
  EXPECT_FALSE(fs->rename("/a", "/b").has_value());
  fs->clear();
  EXPECT_TRUE(file->append("x").has_value());
}

TEST(FaultFileSystem, SeveralFailuresInARow) {
  const auto fs = FaultFileSystem::create(MemoryFileSystem::create());
  fs->inject({.at = 1, .only = Operation::kList, .times = 2});
  EXPECT_FALSE(fs->list("/").has_value());
  EXPECT_FALSE(fs->list("/").has_value());
  EXPECT_TRUE(fs->list("/").has_value());
}

}  // namespace
}  // namespace invar::fs::testing
