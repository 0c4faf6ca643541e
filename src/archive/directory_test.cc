#include "archive/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "codec/gzip.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "fs/testing/off_loop_fs.h"
#include "fs/testing/temp_dir.h"

namespace invar::archive {
namespace {

using fs::testing::Fault;
using fs::testing::FaultFileSystem;
using fs::testing::MemoryFileSystem;
using fs::testing::Operation;
using ::testing::HasSubstr;

constexpr UnixNanos kStart = 1'789'000'000'000'000'000;
constexpr UnixNanos kSecond = 1'000'000'000;
constexpr const char* kPath = "/var/profiles";

std::string random_bytes() {
  static std::mt19937_64 random(5);
  std::string out(10, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// A gzipped body (as far as the archive looks) that makes a file of exactly `size` bytes with meta().
Meta meta() {
  Meta meta;
  meta.labels = Labels{{"__name__", "cpu"}};
  meta.taken_unix_ns = kStart;
  return meta;
}
std::string body_for(std::size_t size) {
  std::string body("\x1f\x8b\x08\0\0\0\0\0\0\0", 10);
  const std::size_t head = encode(meta(), body)->head.size();
  EXPECT_GE(size, head);
  return body + std::string(size - head, 'x');
}

class DirectoryTest : public ::testing::Test {
 protected:
  std::unique_ptr<Directory> open(Limits limits) {
    auto directory = Directory::open(disk_, kPath, "pyroscope.fsdump.test", limits);
    EXPECT_TRUE(directory) << directory.error().message;
    const auto scanned = (*directory)->scan(now_);
    EXPECT_TRUE(scanned) << scanned.error().message;
    return std::move(*directory);
  }
  Result<Directory::Stored> store(Directory& directory, std::size_t size = 300) {
    now_ += kSecond;
    return directory.store(meta(), body_for(size), now_, random_bytes());
  }
  // What really lies there, by name; the lock file left out.
  std::map<std::string, std::uint64_t> on_disk() {
    std::map<std::string, std::uint64_t> found;
    const auto names_now = memory_->list(kPath).value();
    for (const std::string& name : names_now)
      if (name != kLockName) found[name] = memory_->stat(std::string(kPath) + "/" + name)->size_bytes;
    return found;
  }
  std::uint64_t bytes_on_disk() {
    std::uint64_t sum = 0;
    for (const auto& [name, size] : on_disk()) sum += size;
    return sum;
  }
  void put(const std::string& name, std::size_t size) {
    auto file = memory_->open(std::string(kPath) + "/" + name, fs::OpenMode::kCreateNew);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->append(std::string(size, 'f')));
  }

  std::shared_ptr<MemoryFileSystem> memory_ = MemoryFileSystem::create();
  std::shared_ptr<FaultFileSystem> disk_ = FaultFileSystem::create(memory_);
  UnixNanos now_ = kStart;
};

TEST_F(DirectoryTest, StoresWhatCanBeReadBack) {
  auto directory = open({});
  const auto stored = directory->store(meta(), "a plain body", now_, random_bytes());
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_TRUE(is_archive_name(stored->name));
  const std::string file = memory_->read_file(std::string(kPath) + "/" + stored->name).value();
  EXPECT_EQ(file.size(), stored->bytes);
  EXPECT_EQ(original_body(file).value(), "a plain body");
  EXPECT_EQ(decode_meta(file)->labels, meta().labels);
  EXPECT_EQ(directory->stats().files, 1u);
  EXPECT_EQ(directory->stats().bytes, stored->bytes);
}

TEST_F(DirectoryTest, RemovesTheOldestToKeepTheLimit) {
  auto directory = open({.max_bytes = 1000});
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(store(*directory)->name);
  EXPECT_EQ(directory->stats().files, 3u);
  EXPECT_EQ(directory->stats().bytes, 900u);
  EXPECT_EQ(directory->stats().removed_for_size, 2u);
  EXPECT_EQ(on_disk(),
            (std::map<std::string, std::uint64_t>{{names[2], 300}, {names[3], 300}, {names[4], 300}}));
}

TEST_F(DirectoryTest, TheLimitHoldsAfterEveryOperationOnTheDisk) {
  // The disk itself has room for exactly the limit (and the lock file): one byte more and a write fails.
  auto directory = open({.max_bytes = 2000});
  memory_->set_capacity(memory_->used_bytes() + 2000);
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto stored = store(*directory, 100 + random() % 900);
    ASSERT_TRUE(stored) << stored.error().message;
    ASSERT_LE(bytes_on_disk(), 2000u);
    ASSERT_EQ(bytes_on_disk(), directory->stats().bytes);
  }
}

TEST_F(DirectoryTest, OneProfileAboveTheLimitIsRefusedAndNothingIsRemoved) {
  auto directory = open({.max_bytes = 1000});
  ASSERT_TRUE(store(*directory));
  const auto stored = store(*directory, 1001);
  EXPECT_EQ(stored.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(stored.error().message, HasSubstr("larger than the limit"));
  EXPECT_EQ(directory->stats().files, 1u);
  EXPECT_TRUE(store(*directory, 1000));
}

TEST_F(DirectoryTest, ForeignFilesAreNeitherCountedNorRemoved) {
  ASSERT_TRUE(memory_->make_directories(std::string(kPath) + "/sub"));
  put("notes.txt", 5000);
  put("heap.pb.gz", 5000);
  put("0197f000-0000-4000-8000-000000000000.pb.gz", 5000);  // not a version 7 name
  put("sub/0197f000-0000-7000-8000-000000000000.pb.gz", 5000);
  ASSERT_TRUE(memory_->make_directories(std::string(kPath) + "/0197f000-0000-7000-8000-000000000001.pb.gz"));
  auto directory = open({.max_bytes = 1000});
  EXPECT_EQ(directory->stats().files, 0u);
  EXPECT_EQ(directory->stats().bytes, 0u);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store(*directory));
  EXPECT_TRUE(memory_->stat(std::string(kPath) + "/notes.txt"));
  EXPECT_TRUE(memory_->stat(std::string(kPath) + "/heap.pb.gz"));
  EXPECT_TRUE(memory_->stat(std::string(kPath) + "/sub/0197f000-0000-7000-8000-000000000000.pb.gz"));
}

TEST_F(DirectoryTest, ARestartFindsWhatIsThereInOrderOfTime) {
  std::vector<std::string> names;
  {
    auto directory = open({});
    for (int i = 0; i < 4; ++i) names.push_back(store(*directory)->name);
  }
  auto directory = open({.max_bytes = 1000});  // the fourth goes at the scan
  EXPECT_EQ(directory->stats().files, 3u);
  EXPECT_EQ(directory->stats().bytes, 900u);
  EXPECT_FALSE(on_disk().contains(names[0]));
  EXPECT_NEAR(static_cast<double>(directory->stats().oldest_unix_ns - (kStart + 2 * kSecond)), 0, 300);
  names.push_back(store(*directory)->name);
  EXPECT_FALSE(on_disk().contains(names[1]));
}

TEST_F(DirectoryTest, LeftoversOfAnEarlierRunAreRemovedAtTheScan) {
  {
    auto directory = open({});
  }
  put("0197f000-0000-7000-8000-000000000000.pb.gz.tmp", 100);
  put("somebody.tmp", 100);
  auto directory = open({});
  EXPECT_EQ(on_disk(), (std::map<std::string, std::uint64_t>{{"somebody.tmp", 100}}));
  EXPECT_EQ(directory->stats().leftovers_removed, 1u);
}

TEST_F(DirectoryTest, AScanCorrectsForFilesRemovedAndAddedByHand) {
  auto directory = open({.max_bytes = 1000});
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) names.push_back(store(*directory)->name);
  ASSERT_TRUE(memory_->remove(std::string(kPath) + "/" + names[1]));
  put("0197f000-0000-7000-8000-000000000000.pb.gz", 50);
  EXPECT_EQ(directory->stats().bytes, 900u);
  ASSERT_TRUE(directory->scan(now_));
  EXPECT_EQ(directory->stats().bytes, 650u);
  EXPECT_EQ(directory->stats().files, 3u);
  ASSERT_TRUE(directory->scan(now_));  // the same again
  EXPECT_EQ(directory->stats().bytes, 650u);
}

TEST_F(DirectoryTest, AFileThatIsAlreadyGoneIsNoErrorAndNotCountedAsRemoved) {
  auto directory = open({.max_bytes = 1000});
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) names.push_back(store(*directory)->name);
  ASSERT_TRUE(memory_->remove(std::string(kPath) + "/" + names[0]));
  ASSERT_TRUE(store(*directory));
  EXPECT_EQ(directory->stats().removed_for_size, 0u);
  EXPECT_EQ(directory->stats().files, 3u);
}

TEST_F(DirectoryTest, ALimitLoweredByAReloadRemovesAtOnce) {
  auto directory = open({.max_bytes = 3000});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(store(*directory));
  ASSERT_TRUE(directory->set_limits({.max_bytes = 700}, now_));
  EXPECT_EQ(directory->stats().files, 2u);
  EXPECT_EQ(bytes_on_disk(), 600u);
}

TEST_F(DirectoryTest, FilesAboveTheAgeAreRemoved) {
  auto directory = open({.max_age = std::chrono::minutes(1)});
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(store(*directory));
  EXPECT_EQ(directory->stats().files, 30u);
  ASSERT_TRUE(directory->tidy(now_ + 45 * kSecond));
  EXPECT_EQ(directory->stats().files, 16u);
  EXPECT_EQ(directory->stats().removed_for_age, 14u);
  now_ += 3600 * kSecond;
  ASSERT_TRUE(store(*directory));  // a store tidies too
  EXPECT_EQ(directory->stats().files, 1u);
}

TEST_F(DirectoryTest, AClockThatGoesBackKeepsTheAccountsRight) {
  auto directory = open({.max_bytes = 1000});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store(*directory));
  now_ -= 3600 * kSecond;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(store(*directory));
    ASSERT_EQ(bytes_on_disk(), directory->stats().bytes);
    ASSERT_LE(bytes_on_disk(), 1000u);
  }
  ASSERT_TRUE(directory->scan(now_));
  EXPECT_EQ(directory->stats().files, 3u);
}

TEST_F(DirectoryTest, TwoUsersOfOneFolderAreKeptApart) {
  auto first = Directory::open(disk_, kPath, "pyroscope.fsdump.a", {});
  ASSERT_TRUE(first);
  const auto second = Directory::open(disk_, kPath, "pyroscope.fsdump.b", {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("already used by pyroscope.fsdump.a"));
  first->reset();
  EXPECT_TRUE(Directory::open(disk_, kPath, "pyroscope.fsdump.b", {}));
}

TEST_F(DirectoryTest, AFileInPlaceOfTheFolderIsAnError) {
  ASSERT_TRUE(memory_->make_directories("/var"));
  ASSERT_TRUE((*memory_->open(kPath, fs::OpenMode::kCreateNew))->append("x"));
  const auto directory = Directory::open(disk_, kPath, "a", {});
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, HasSubstr("failed to create target directory"));
}

TEST_F(DirectoryTest, AFullDiskIsAnErrorThatPasses) {
  auto directory = open({});
  ASSERT_TRUE(store(*directory));
  memory_->set_capacity(memory_->used_bytes() + 100);
  const auto refused = store(*directory, 500);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(on_disk().size(), 1u);  // no partial file, under no name
  EXPECT_EQ(directory->stats().bytes, 300u);
  memory_->set_capacity(1 << 20);
  EXPECT_TRUE(store(*directory, 500));
}

TEST_F(DirectoryTest, AFolderRemovedAtRunTimeIsMadeAgain) {
  auto directory = open({});
  ASSERT_TRUE(store(*directory));
  const auto names_now = memory_->list(kPath).value();
  for (const std::string& name : names_now) ASSERT_TRUE(memory_->remove(std::string(kPath) + "/" + name));
  ASSERT_TRUE(memory_->remove(kPath));
  const auto stored = store(*directory);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(directory->stats().files, 1u);
  EXPECT_EQ(directory->stats().bytes, 300u);
  EXPECT_FALSE(Directory::open(disk_, kPath, "b", {}));  // locked again
}

TEST_F(DirectoryTest, SyncedFilesSurviveAPowerCutWhole) {
  auto directory = open({.sync = true});
  const std::string name = store(*directory)->name;
  memory_->power_cut();
  EXPECT_EQ(on_disk()[name], 300u);
}

// Every operation fails once, at every place: afterwards no partial file stands under a final name, the
// accounts agree with the disk after the next scan, and storing works again.
TEST_F(DirectoryTest, SurvivesAFaultAtEveryOperation) {
  for (const bool short_write : {false, true}) {
    for (std::uint64_t at = 1;; ++at) {
      memory_ = MemoryFileSystem::create();
      disk_ = FaultFileSystem::create(memory_);
      auto directory = open({.max_bytes = 1000, .sync = true});
      for (int i = 0; i < 3; ++i) ASSERT_TRUE(store(*directory));
      disk_->inject({.at = at, .write_first_bytes = short_write ? std::size_t{7} : 0});
      (void)store(*directory);
      (void)store(*directory, 500);
      (void)directory->scan(now_);
      const bool injected = disk_->injected();
      disk_->clear();
      for (const auto& [name, size] : on_disk()) {
        if (is_archive_name(name)) {
          EXPECT_TRUE(size == 300 || size == 500) << name << " " << size << " at " << at;
        }
      }
      EXPECT_LE(bytes_on_disk(), 1000u) << at;
      ASSERT_TRUE(directory->scan(now_));
      EXPECT_EQ(directory->stats().bytes, bytes_on_disk()) << at;
      EXPECT_TRUE(store(*directory)) << at;
      if (!injected) break;
      ASSERT_LT(at, 200u);
    }
  }
}

TEST_F(DirectoryTest, AFileThatCannotBeRemovedNeverBreaksTheLimit) {
  auto directory = open({.max_bytes = 1000});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store(*directory));
  disk_->inject({.only = Operation::kRemove, .code = ErrorCode::kPermissionDenied, .times = 1000});
  EXPECT_FALSE(store(*directory));
  EXPECT_FALSE(store(*directory));
  EXPECT_LE(bytes_on_disk(), 1000u);
  disk_->clear();
  EXPECT_TRUE(store(*directory));
}

// ---- on a real disk

class RealDirectory : public ::testing::Test {
 protected:
  fs::testing::TempDir temporary_;
  const std::filesystem::path dir_ = temporary_.root();
};

TEST_F(RealDirectory, LinksWithOurNamesAreLeftAlone) {
  const std::filesystem::path outside = dir_ / "outside";
  const std::filesystem::path archive = dir_ / "archive";
  std::filesystem::create_directories(archive);
  {
    auto file = fs::posix()->open(outside.string(), fs::OpenMode::kCreateNew);
    (void)(*file)->append(std::string(5000, 'x'));
  }
  std::filesystem::create_symlink(outside, archive / "0197f000-0000-7000-8000-000000000000.pb.gz");
  auto directory = Directory::open(fs::posix(), archive.string(), "a", {.max_bytes = 1000});
  ASSERT_TRUE(directory) << directory.error().message;
  ASSERT_TRUE((*directory)->scan(kStart));
  EXPECT_EQ((*directory)->stats().files, 0u);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE((*directory)->store(meta(), body_for(300), kStart + i * kSecond, random_bytes()));
  EXPECT_TRUE(std::filesystem::is_symlink(archive / "0197f000-0000-7000-8000-000000000000.pb.gz"));
  EXPECT_EQ(std::filesystem::file_size(outside), 5000u);
  EXPECT_EQ((*directory)->stats().files, 3u);
}

TEST_F(RealDirectory, FilesAreMadeWithTheirMode) {
  auto directory = Directory::open(fs::posix(), dir_.string(), "a", {.file_mode = 0600});
  ASSERT_TRUE((*directory)->scan(kStart));
  const auto stored = (*directory)->store(meta(), body_for(300), kStart, random_bytes());
  ASSERT_TRUE(stored);
  EXPECT_EQ(std::filesystem::status(dir_ / stored->name).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// A writer is killed before each of its operations in turn: whatever stands under a final name is whole.
TEST_F(RealDirectory, AKillAtAnyMomentLeavesNoPartialFile) {
  constexpr std::uint64_t kLimit = 1'200'000;
  constexpr int kOperations = 40;  // two files and what makes room for them
  std::mt19937 random(9);
  std::vector<std::string> bodies;
  for (const std::size_t size : {2'000, 100'000, 900'000}) {
    std::string raw(size, '\0');
    for (char& c : raw) c = static_cast<char>(random());
    codec::Deflater().gzip(raw, bodies.emplace_back());
  }
  std::size_t whole = 0, unfinished = 0;
  for (int operation = 1; operation <= kOperations; ++operation) {
    int reached[2];
    ASSERT_EQ(::pipe(reached), 0);
    const UnixNanos now = kStart + operation * 1000 * kSecond;
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
      int left = operation;
      const auto files = fs::testing::OffLoopFileSystem::create(fs::posix(), [&] {
        if (--left == 0 && ::write(reached[1], "x", 1) == 1)
          for (;;) ::pause();
        return true;
      });
      auto directory = Directory::open(files, dir_.string(), "writer", {.max_bytes = kLimit});
      if (!directory || !(*directory)->scan(now)) ::_exit(1);
      for (int i = 0;; ++i)
        if (!(*directory)
                 ->store(meta(), bodies[static_cast<std::size_t>(i) % 3], now + i * kSecond, random_bytes()))
          ::_exit(1);
    }
    ::close(reached[1]);
    char byte;
    ASSERT_EQ(::read(reached[0], &byte, 1), 1) << "the writer ended by itself";
    ASSERT_EQ(::kill(writer, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    ::close(reached[0]);

    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      const std::string name = entry.path().filename().string();
      if (name == kLockName) continue;
      bytes += entry.file_size();
      if (!is_archive_name(name)) {
        ++unfinished;
        continue;
      }
      const std::string file = fs::posix()->read_file(entry.path().string()).value();
      const auto body = original_body(file);
      ASSERT_TRUE(body) << name << ": " << body.error().message;
      ASSERT_NE(std::ranges::find(bodies, *body), bodies.end()) << name;
      ++whole;
    }
    ASSERT_LE(bytes, kLimit);
  }
  EXPECT_GT(whole, 25u);
  EXPECT_GT(unfinished, 0u) << "no kill came while a file was being written: the test shows nothing";
  auto directory = Directory::open(fs::posix(), dir_.string(), "reader", {.max_bytes = kLimit});
  ASSERT_TRUE((*directory)->scan(kStart));
  EXPECT_LE((*directory)->stats().leftovers_removed, 1u);  // each start removed those before it
  for (const auto& entry : std::filesystem::directory_iterator(dir_))
    EXPECT_FALSE(entry.path().string().ends_with(".tmp")) << entry.path();
}

TEST_F(RealDirectory, OtherNamesOfOneFolderAreTheSameFolder) {
  const std::filesystem::path link = dir_ / "link";
  std::filesystem::create_directory(dir_ / "real");
  std::filesystem::create_symlink(dir_ / "real", link);
  const auto first = Directory::open(fs::posix(), (dir_ / "real").string(), "pyroscope.fsdump.a", {});
  ASSERT_TRUE(first);
  for (const std::string& other : {link.string(), (dir_ / "real/").string(), (dir_ / "./real").string()}) {
    const auto second = Directory::open(fs::posix(), other, "pyroscope.fsdump.b", {});
    ASSERT_FALSE(second) << other;
    EXPECT_THAT(second.error().message, HasSubstr("already used by pyroscope.fsdump.a"));
  }
}

}  // namespace
}  // namespace invar::archive
