#include "http/file_cache.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;

class FileCacheTest : public ::testing::Test {
 protected:
  void put(const std::string& text) { ASSERT_TRUE(memory->write_file_atomically("/t", text, 0600, false)); }
  std::string read() {
    const auto content = cache.read("/t");
    return content ? **content : content.error().message;
  }
  async::testing::TestLoop loop;
  std::shared_ptr<fs::testing::MemoryFileSystem> memory = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<fs::testing::FaultFileSystem> counted = fs::testing::FaultFileSystem::create(memory);
  FileCache cache{loop, counted};
};

TEST_F(FileCacheTest, AnUnchangedFileCostsOneStatASecondAtMost) {
  put("one");
  EXPECT_EQ(read(), "one");
  const auto pointer = *cache.read("/t");
  const auto before = counted->operations();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(*cache.read("/t"), pointer);
  EXPECT_EQ(counted->operations(), before);
  for (int second = 1; second <= 5; ++second) {
    loop.advance(1s);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(*cache.read("/t"), pointer);
    EXPECT_EQ(counted->operations(), before + static_cast<std::uint64_t>(second));
  }
}

TEST_F(FileCacheTest, AChangeIsSeenWithinASecondAndTheSameBytesAreNoChange) {
  put("one");
  const auto pointer = *cache.read("/t");
  put("two");
  loop.advance(1s);
  EXPECT_EQ(read(), "two");
  const auto changed = *cache.read("/t");
  EXPECT_NE(changed, pointer);
  put("two");
  loop.advance(1s);
  EXPECT_EQ(*cache.read("/t"), changed);
}

TEST_F(FileCacheTest, MissingAndEmptyFilesAreErrorsWithTheirPathUntilTheyAreGood) {
  EXPECT_EQ(read(), "unable to read file /t: no such file or directory");
  put("");
  EXPECT_EQ(read(), "unable to read file /t: the file is empty");
  put("good");
  EXPECT_EQ(read(), "good");
  ASSERT_TRUE(memory->remove("/t"));
  loop.advance(1s);
  EXPECT_EQ(read(), "unable to read file /t: no such file or directory");
  put("back");
  EXPECT_EQ(read(), "back");
}

}  // namespace
}  // namespace invar::http
