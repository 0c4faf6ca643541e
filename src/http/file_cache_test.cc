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

// Ten thousand scrapes with one token file ask the disk once.
TEST_F(FileCacheTest, ThoseThatAskTogetherWaitForOneLook) {
  async::testing::InlineWorkerPool pool(loop);
  FileCache pooled(loop, counted, 1s, &pool);
  put("one");
  const auto before = counted->operations();
  int told = 0;
  for (int i = 0; i < 5; ++i) pooled.look({"/t", "/missing"}, [&told] { ++told; });
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_EQ(told, 0);
  loop.run_until_idle();
  EXPECT_EQ(told, 5);
  EXPECT_EQ(**pooled.found("/t"), "one");
  EXPECT_EQ(pooled.found("/missing").error().message,
            "unable to read file /missing: no such file or directory");
  EXPECT_EQ(counted->operations(), before + 3) << "two stats and a read";
  pooled.look({"/t"}, [&told] { ++told; });
  EXPECT_EQ(told, 6) << "looked at within a second: at once";
}

}  // namespace
}  // namespace invar::http
