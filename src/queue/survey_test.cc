#include "queue/survey.h"

#include <gtest/gtest.h>

#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "queue/segment_queue.h"

namespace invar::queue {
namespace {

TEST(Survey, SaysWhatTheQueueItselfWouldFindAndTouchesNothing) {
  const auto memory = fs::testing::MemoryFileSystem::create();
  const auto disk = fs::testing::FaultFileSystem::create(memory);
  const SegmentQueue::Options options{.directory = "/q", .max_bytes = 1 << 20, .segment_bytes = 4096};
  auto queue = *SegmentQueue::open(disk, options);
  std::uint64_t bytes = 0;
  for (UnixNanos i = 1; i <= 40; ++i) {
    const std::string body(static_cast<std::size_t>(i * 20), 'x');
    const NewRecord record{1000 + i, "meta", body};
    ASSERT_TRUE(queue->append({&record, 1}));
    if (i > 5 && i % 3 != 0) bytes += kFrameBytes + 4 + body.size();
  }
  std::vector<RecordId> gone;
  for (RecordId id = 1; id <= 40; ++id) {
    if (id <= 5 || id % 3 == 0) gone.push_back(id);
  }
  ASSERT_TRUE(queue->ack(gone));
  ASSERT_TRUE(queue->ack(std::vector<RecordId>{4, 5, 6}));  // again

  const auto before = memory->used_bytes();
  const auto found = survey(*disk, "/q");  // the queue still has the lock
  ASSERT_TRUE(found);
  EXPECT_EQ(found->records, queue->stats().pending_records);
  EXPECT_EQ(found->records, 23u);
  EXPECT_EQ(found->bytes, bytes);
  EXPECT_EQ(found->oldest_taken_unix_ns, 1007);
  EXPECT_EQ(memory->used_bytes(), before);

  disk->inject({.at = 1, .only = fs::testing::Operation::kOpen, .times = 1000});
  EXPECT_EQ(survey(*disk, "/q")->records, 0u);
  disk->clear();
  EXPECT_FALSE(survey(*disk, "/none"));
  ASSERT_TRUE(memory->make_directories("/empty"));
  EXPECT_EQ(survey(*disk, "/empty")->records, 0u);
}

}  // namespace
}  // namespace invar::queue
