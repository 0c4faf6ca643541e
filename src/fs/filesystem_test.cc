#include "fs/filesystem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "fs/testing/temp_dir.h"

namespace invar::fs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The same promises for the real disk and the one that other tests use in its place.
class AnyFileSystem : public ::testing::TestWithParam<const char*> {
 protected:
  AnyFileSystem() {
    if (GetParam() == std::string_view("posix")) {
      fs_ = posix();
      dir_ = temporary_.root();
    } else {
      fs_ = testing::MemoryFileSystem::create();
      dir_ = "/data";
      EXPECT_TRUE(fs_->make_directories(dir_).has_value());
    }
  }

  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  void write(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(fs_->write_file_atomically(path(name), bytes, 0640, false).has_value());
  }

  std::shared_ptr<FileSystem> fs_;
  testing::TempDir temporary_;
  std::string dir_;
};

INSTANTIATE_TEST_SUITE_P(Fs, AnyFileSystem, ::testing::Values("posix", "memory"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(AnyFileSystem, AppendsAndReadsBack) {
  const auto file = *fs_->open(path("a"), OpenMode::kCreateNew);
  ASSERT_TRUE(file->append("hello ").has_value());
  ASSERT_TRUE(file->append("world").has_value());
  ASSERT_TRUE(file->sync_data().has_value());
  EXPECT_EQ(file->size(), 11u);
  EXPECT_EQ(file->read_at(6, 5), "world");
  EXPECT_EQ(file->read_at(9, 100), "ld");
  EXPECT_EQ(file->read_at(50, 4), "");
  EXPECT_TRUE(file->close().has_value());
  EXPECT_TRUE(file->close().has_value());
  EXPECT_EQ(fs_->read_file(path("a")), "hello world");
}

TEST_P(AnyFileSystem, AppendModeContinuesAndCreates) {
  write("a", "one");
  for (const char* name : {"a", "b"}) {
    const auto file = *fs_->open(path(name), OpenMode::kAppend);
    ASSERT_TRUE(file->append("+two").has_value());
    EXPECT_EQ(file->read_at(0, 1).has_value(), true);
  }
  EXPECT_EQ(fs_->read_file(path("a")), "one+two");
  EXPECT_EQ(fs_->read_file(path("b")), "+two");
}

TEST_P(AnyFileSystem, TruncateThenAppendLeavesNoHole) {
  const auto file = *fs_->open(path("a"), OpenMode::kCreateNew);
  ASSERT_TRUE(file->append("0123456789").has_value());
  ASSERT_TRUE(file->truncate(4).has_value());
  ASSERT_TRUE(file->append("x").has_value());
  EXPECT_EQ(fs_->read_file(path("a")), "0123x");
}

TEST_P(AnyFileSystem, ReadOnlyHandleCannotWrite) {
  write("a", "x");
  const auto file = *fs_->open(path("a"), OpenMode::kRead);
  EXPECT_FALSE(file->append("y").has_value());
  EXPECT_FALSE(file->truncate(0).has_value());
  EXPECT_EQ(fs_->read_file(path("a")), "x");
}

TEST_P(AnyFileSystem, ErrorsHaveCodesAndNameThePath) {
  write("a", "x");
  ASSERT_TRUE(fs_->make_directories(path("full/sub")).has_value());
  const auto error_of = [](const auto& result) { return result ? Error{} : result.error(); };
  const struct {
    Error got;
    ErrorCode code;
    std::string path;
  } rows[] = {
      {error_of(fs_->open(path("no"), OpenMode::kRead)), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->open(path("no/a"), OpenMode::kAppend)), ErrorCode::kNotFound, path("no/a")},
      {error_of(fs_->open(path("a"), OpenMode::kCreateNew)), ErrorCode::kAlreadyExists, path("a")},
      {error_of(fs_->read_file(path("no"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->read_file(path("full"))), ErrorCode::kInvalidArgument, path("full")},
      {error_of(fs_->stat(path("no"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->list(path("no"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->list(path("a"))), ErrorCode::kInvalidArgument, path("a")},
      {error_of(fs_->remove(path("no"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->remove(path("full"))), ErrorCode::kAlreadyExists, path("full")},
      {error_of(fs_->rename(path("no"), path("b"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->rename(path("a"), path("no/b"))), ErrorCode::kNotFound, path("no/b")},
      {error_of(fs_->make_directories(path("a"))), ErrorCode::kAlreadyExists, path("a")},
      {error_of(fs_->sync_directory(path("no"))), ErrorCode::kNotFound, path("no")},
      {error_of(fs_->lock(path("no/lock"))), ErrorCode::kNotFound, path("no/lock")},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.got.code, row.code) << row.got.message;
    EXPECT_THAT(row.got.message, HasSubstr(row.path));
  }
}

TEST_P(AnyFileSystem, ListShowsDirectChildrenOnly) {
  EXPECT_THAT(*fs_->list(dir_), IsEmpty());
  write("b", "");
  ASSERT_TRUE(fs_->make_directories(path("sub/deep")).has_value());
  write("sub/c", "");
  EXPECT_THAT(*fs_->list(dir_), UnorderedElementsAre("b", "sub"));
  EXPECT_THAT(*fs_->list(path("sub")), UnorderedElementsAre("c", "deep"));
}

TEST_P(AnyFileSystem, StatTellsKindAndSize) {
  write("a", "12345");
  const Stat file = *fs_->stat(path("a"));
  EXPECT_EQ(file.size_bytes, 5u);
  EXPECT_GE(file.disk_bytes, 0u);
  EXPECT_TRUE(file.is_regular);
  EXPECT_FALSE(file.is_directory);
  EXPECT_GT(file.mtime_unix_ns, 0);
  const Stat dir = *fs_->stat(dir_);
  EXPECT_TRUE(dir.is_directory);
  EXPECT_FALSE(dir.is_regular);
  EXPECT_NE(dir.inode, file.inode);
}

TEST_P(AnyFileSystem, ReadFileHonoursItsLimit) {
  const std::string big(100'000, 'x');
  write("a", big);
  EXPECT_EQ(fs_->read_file(path("a"), big.size()), big);
  const auto limited = fs_->read_file(path("a"), big.size() - 1);
  ASSERT_FALSE(limited.has_value());
  EXPECT_EQ(limited.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(limited.error().message, HasSubstr(path("a")));
  write("empty", "");
  EXPECT_EQ(fs_->read_file(path("empty"), 0), "");
}

TEST_P(AnyFileSystem, RenameReplacesAndRemoveRemoves) {
  write("a", "new");
  write("b", "old");
  ASSERT_TRUE(fs_->rename(path("a"), path("b")).has_value());
  EXPECT_EQ(fs_->read_file(path("b")), "new");
  EXPECT_THAT(*fs_->list(dir_), UnorderedElementsAre("b"));
  ASSERT_TRUE(fs_->remove(path("b")).has_value());
  EXPECT_THAT(*fs_->list(dir_), IsEmpty());
}

TEST_P(AnyFileSystem, AFolderMovesWithWhatIsInIt) {
  ASSERT_TRUE(fs_->make_directories(path("one/two")).has_value());
  write("one/two/f", "x");
  ASSERT_TRUE(fs_->rename(path("one"), path("uno")).has_value());
  EXPECT_EQ(fs_->read_file(path("uno/two/f")), "x");
  EXPECT_FALSE(fs_->stat(path("one")).has_value());
}

TEST_P(AnyFileSystem, OpenHandleSurvivesRemoval) {
  write("a", "still here");
  const auto file = *fs_->open(path("a"), OpenMode::kRead);
  ASSERT_TRUE(fs_->remove(path("a")).has_value());
  EXPECT_EQ(file->read_at(0, 100), "still here");
}

TEST_P(AnyFileSystem, MakeDirectoriesIsIdempotentAndSyncable) {
  ASSERT_TRUE(fs_->make_directories(path("x/y/z")).has_value());
  ASSERT_TRUE(fs_->make_directories(path("x/y/z/")).has_value());
  EXPECT_TRUE(fs_->sync_directory(path("x/y")).has_value());
  write("file", "");
  EXPECT_FALSE(fs_->make_directories(path("file/below")).has_value());
}

TEST_P(AnyFileSystem, LockIsExclusiveUntilReleased) {
  auto first = fs_->lock(path("lock"));
  ASSERT_TRUE(first.has_value());
  const auto second = fs_->lock(path("lock"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("lock " + path("lock") + ": in use by "));
  first->reset();
  EXPECT_TRUE(fs_->lock(path("lock")).has_value());
}

TEST_P(AnyFileSystem, AtomicWriteReplacesAndCleansUp) {
  write("a", "old");
  write("a.tmp", "left behind by a crash");
  ASSERT_TRUE(fs_->write_file_atomically(path("a"), "new", 0600, true).has_value());
  EXPECT_EQ(fs_->read_file(path("a")), "new");
  EXPECT_THAT(*fs_->list(dir_), UnorderedElementsAre("a"));
}

TEST_P(AnyFileSystem, FailedAtomicWriteLeavesTheOldFile) {
  for (std::uint64_t at = 1;; ++at) {
    write("a", "old");
    const auto faulty = testing::FaultFileSystem::create(fs_);
    faulty->inject({.at = at, .code = ErrorCode::kResourceExhausted, .write_first_bytes = 2});
    const auto result = faulty->write_file_atomically(path("a"), "new text", 0600, true);
    if (!faulty->injected()) {
      EXPECT_TRUE(result.has_value());
      EXPECT_GT(at, 6u);
      break;
    }
    EXPECT_FALSE(result.has_value());
    const std::string now = *fs_->read_file(path("a"));
    EXPECT_TRUE(now == "old" || now == "new text") << now;
    EXPECT_THAT(*fs_->list(dir_), UnorderedElementsAre("a")) << at;
  }
}

TEST(PosixFileSystem, PermissionsAreAsAsked) {
  const testing::TempDir temporary;
  const std::string& dir = temporary.root();
  ASSERT_TRUE(posix()->write_file_atomically(dir + "/secret", "x", 0600, false).has_value());
  struct stat st{};
  ASSERT_EQ(::stat((dir + "/secret").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST(PosixFileSystem, CreateNewDoesNotFollowASymlink) {
  const testing::TempDir temporary;
  const std::string& dir = temporary.root();
  ASSERT_EQ(::symlink((dir + "/victim").c_str(), (dir + "/link").c_str()), 0);
  const auto opened = posix()->open(dir + "/link", OpenMode::kCreateNew);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(dir + "/victim"));
}

TEST(PosixFileSystem, ReadsFilesWithoutASize) {
  const auto text = posix()->read_file("/proc/self/stat");
  ASSERT_TRUE(text.has_value());
  EXPECT_FALSE(text->empty());
  EXPECT_EQ(posix()->read_file("/proc/self/stat", 3).error().code, ErrorCode::kResourceExhausted);
}

TEST(PosixFileSystem, LockSaysWhoHasIt) {
  const testing::TempDir temporary;
  const std::string& dir = temporary.root();
  const auto held = posix()->lock(dir + "/lock");
  EXPECT_EQ(posix()->lock(dir + "/lock").error().message,
            "lock " + dir + "/lock: in use by process " + std::to_string(::getpid()));
}

}  // namespace
}  // namespace invar::fs
