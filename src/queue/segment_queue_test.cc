#include "queue/segment_queue.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "fs/testing/temp_dir.h"

namespace invar::queue {
namespace {

using fs::testing::MemoryFileSystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct SegmentQueueTest : ::testing::Test {
  std::shared_ptr<MemoryFileSystem> disk = MemoryFileSystem::create();
  SegmentQueue::Options options{.directory = "/q", .max_bytes = 1 << 20, .segment_bytes = 4096};
  std::unique_ptr<SegmentQueue> queue;

  SegmentQueueTest() { queue = reopen(); }
  std::unique_ptr<SegmentQueue> reopen() {
    queue.reset();
    auto opened = SegmentQueue::open(disk, options);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  Result<RecordId> append(std::vector<std::string> bodies) {
    std::vector<NewRecord> group;
    for (const std::string& body : bodies) group.push_back({100, "meta", body});
    return queue->append(group);
  }
  std::vector<RecordId> pending(RecordId after = 0, std::size_t limit = 1000) {
    std::vector<RecordId> out;
    for (const RecordInfo& info : queue->pending(after, limit)) out.push_back(info.id);
    return out;
  }
  Result<> ack(std::vector<RecordId> ids) { return queue->ack(ids); }
  std::vector<std::string> files() {
    auto names = *disk->list("/q");
    std::erase(names, "lock");
    return names;
  }
};

TEST_F(SegmentQueueTest, FirstInFirstOut) {
  EXPECT_EQ(append({"a", "b"}), 1u);
  EXPECT_EQ(append({"c"}), 3u);
  EXPECT_THAT(pending(), ElementsAre(1, 2, 3));
  EXPECT_THAT(pending(1), ElementsAre(2, 3));
  EXPECT_THAT(pending(0, 2), ElementsAre(1, 2));
  const StoredRecord record = *queue->read(2);
  EXPECT_EQ(record.id, 2u);
  EXPECT_EQ(record.taken_unix_ns, 100);
  EXPECT_EQ(record.header, "meta");
  EXPECT_EQ(record.body, "b");
}

TEST_F(SegmentQueueTest, EmptyAndBinaryRecords) {
  const std::string binary("\0\xF1IQ\x01\n", 6);
  const NewRecord group[] = {{0, "", ""}, {-5, binary, binary}};
  ASSERT_EQ(queue->append(group), 1u);
  ASSERT_EQ(queue->append({}), 3u);
  queue = reopen();
  EXPECT_EQ(queue->read(1)->body, "");
  EXPECT_EQ(queue->read(2)->header, binary);
  EXPECT_EQ(queue->read(2)->body, binary);
  EXPECT_EQ(queue->read(2)->taken_unix_ns, -5);
}

TEST_F(SegmentQueueTest, AcknowledgedRecordsAreGoneInAnyOrderAndAfterARestart) {
  ASSERT_TRUE(append({"a", "b", "c", "d"}).has_value());
  ASSERT_TRUE(ack({3, 1, 1, 99}).has_value());
  EXPECT_THAT(pending(), ElementsAre(2, 4));
  EXPECT_EQ(queue->read(1).error().code, ErrorCode::kNotFound);
  queue = reopen();
  EXPECT_THAT(pending(), ElementsAre(2, 4));
  EXPECT_EQ(queue->stats().recovered_records, 2u);
  ASSERT_TRUE(append({"e"}).has_value());
  EXPECT_THAT(pending(), ElementsAre(2, 4, 5));
}

TEST_F(SegmentQueueTest, AcknowledgementsThatAFullDiskRefusedAreWrittenWhenItHasSpace) {
  for (const bool by_append : {false, true}) {
    ASSERT_TRUE(append({"a", "b", "c", "d"}));
    const auto ids = pending();
    disk->set_capacity(disk->used_bytes());
    EXPECT_FALSE(ack({ids[1]}));
    EXPECT_FALSE(ack({ids[2]}));
    EXPECT_THAT(pending(), ElementsAre(ids[0], ids[3]));
    disk->set_capacity(UINT64_MAX);
    if (by_append) {
      ASSERT_TRUE(append({"e"}));
    } else {
      EXPECT_TRUE(ack({}));
    }
    queue = reopen();
    std::vector<RecordId> expected = {ids[0], ids[3]};
    if (by_append) expected.push_back(ids[3] + 1);
    EXPECT_EQ(pending(), expected);
    EXPECT_TRUE(ack(pending()));
  }
}

TEST_F(SegmentQueueTest, DiskComesBackWhenEverythingIsConsumed) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(append({std::string(500, 'x')}).has_value());
  EXPECT_GT(queue->stats().segments, 5u);
  const auto ids = pending();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(ack({ids[i]}).has_value());
    EXPECT_LE(disk->used_bytes(), queue->stats().disk_bytes + 32);  // the lock file is not counted
  }
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(queue->stats().disk_bytes, 0u);
  ASSERT_TRUE(append({"again"}).has_value());
  EXPECT_EQ(queue->read(51)->body, "again");
}

TEST_F(SegmentQueueTest, NeverMoreThanItsShareOfTheDisk) {
  options.max_bytes = 20'000;
  queue = reopen();
  while (append({std::string(300, 'x')}).has_value()) EXPECT_LE(queue->stats().disk_bytes, options.max_bytes);
  const auto full = append({std::string(300, 'x')});
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(full.error().message, HasSubstr("/q"));
  EXPECT_EQ(append({std::string(30'000, 'x')}).error().code, ErrorCode::kResourceExhausted);
  const std::uint64_t records = queue->stats().pending_records;
  EXPECT_GT(records, 40u);
  for (const RecordId id : pending()) {  // every other one: acknowledgements pile up
    if (id % 2) (void)ack({id});
    EXPECT_LE(disk->used_bytes(), options.max_bytes + 32);
  }
  EXPECT_EQ(queue->stats().pending_records, records / 2);
}

TEST_F(SegmentQueueTest, RetentionMakesRoomAndTellsWhatWasDropped) {
  options.max_bytes = 20'000;
  queue = reopen();
  for (int i = 0; append({std::string(300, 'x')}).has_value(); ++i) {
  }
  const std::string body(300, 'y');
  const NewRecord incoming[] = {{200, "meta", body}};
  const auto segments = queue->segments();
  const auto plan = plan_retention(segments, {.max_bytes = options.max_bytes - 2'000}, 300,
                                   SegmentQueue::disk_bytes_of(incoming));
  ASSERT_FALSE(plan.evicted.empty());
  const auto dropped = queue->drop(plan.evicted);
  ASSERT_EQ(dropped.size(), plan.evicted.size());
  EXPECT_EQ(dropped.front().id, 1u);
  EXPECT_EQ(dropped.front().header, "meta");
  EXPECT_EQ(dropped.front().taken_unix_ns, 100);
  EXPECT_TRUE(queue->append(incoming).has_value());
  EXPECT_THAT(queue->drop(plan.evicted), IsEmpty());
}

TEST_F(SegmentQueueTest, TooLargeForTheFormatIsRefused) {
  const std::string header(kMostHeaderBytes + 1, 'h');
  const NewRecord group[] = {{0, header, ""}};
  EXPECT_EQ(queue->append(group).error().code, ErrorCode::kInvalidArgument);
  const NewRecord largest[] = {{0, std::string_view(header).substr(1), ""}};
  EXPECT_TRUE(queue->append(largest).has_value());
}

TEST_F(SegmentQueueTest, SecondProcessSaysSo) {
  const auto second = SegmentQueue::open(disk, options);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().message, "open queue /q: lock /q/lock: in use by another process");
  queue.reset();
  EXPECT_TRUE(SegmentQueue::open(disk, options).has_value());
}

TEST_F(SegmentQueueTest, KilledAtAnyByteOfAnAppendKeepsEveryEarlierGroup) {
  ASSERT_TRUE(append({"first", "second"}).has_value());
  const std::string before = *disk->read_file("/q/" + files()[0]);
  ASSERT_TRUE(append({"third", "fourth"}).has_value());
  const std::string after = *disk->read_file("/q/" + files()[0]);
  const std::string name = "/q/" + files()[0];
  queue.reset();
  for (std::size_t size = before.size(); size < after.size(); ++size) {
    ASSERT_TRUE(disk->write_file_atomically(name, after.substr(0, size), 0640, false).has_value());
    queue = reopen();
    const auto ids = pending();
    ASSERT_GE(ids.size(), 2u);
    ASSERT_LE(ids.size(), 3u);
    EXPECT_EQ(queue->read(1)->body, "first");
    EXPECT_EQ(queue->read(2)->body, "second");
    EXPECT_EQ(queue->stats().damaged_records, 0u);
    // What comes next does not disturb, and is not disturbed by, the torn end: not even after another restart.
    ASSERT_EQ(append({"next"}), ids.size() + 1);
    queue = reopen();
    EXPECT_EQ(pending().size(), ids.size() + 1);
    EXPECT_EQ(queue->read(ids.size() + 1)->body, "next");
    EXPECT_EQ(queue->stats().damaged_records, 0u);
    ASSERT_TRUE(ack({ids.size() + 1}).has_value());
    queue.reset();
  }
}

TEST_F(SegmentQueueTest, KilledAtAnyByteOfAnAcknowledgement) {
  ASSERT_TRUE(append({"a", "b", "c", "d"}).has_value());
  ASSERT_TRUE(ack({1}).has_value());
  ASSERT_TRUE(ack({3}).has_value());
  std::string name;
  for (const std::string& file : files()) {
    if (file.ends_with(".ack")) name = "/q/" + file;
  }
  const std::string acks = *disk->read_file(name);
  ASSERT_EQ(acks.size(), 2 * kAckBytes);
  for (std::size_t size = kAckBytes; size < acks.size(); ++size) {
    queue.reset();
    ASSERT_TRUE(disk->write_file_atomically(name, acks.substr(0, size), 0640, false).has_value());
    queue = reopen();
    EXPECT_THAT(pending(), ElementsAre(2, 3, 4));
    ASSERT_TRUE(ack({4}).has_value());  // written in step again
    queue = reopen();
    EXPECT_THAT(pending(), ElementsAre(2, 3));
  }
}

TEST_F(SegmentQueueTest, ADamagedRecordLosesOnlyItselfAndIsCountedOnce) {
  ASSERT_TRUE(append({"aaaa", "bbbb", "cccc"}).has_value());
  const std::string name = "/q/" + files()[0];
  const std::string good = *disk->read_file(name);
  const std::size_t second = good.find("bbbb") - 4 - kFrameBytes;
  for (std::size_t at = second; at < second + kFrameBytes + 8; ++at) {
    disk->overwrite(name, at, std::string(1, static_cast<char>(good[at] ^ 0x40)));
    queue = reopen();
    EXPECT_THAT(pending(), ElementsAre(1, 3)) << at;
    EXPECT_EQ(queue->stats().damaged_records, 1u);
    EXPECT_EQ(queue->read(3)->body, "cccc");
    queue = reopen();
    EXPECT_EQ(queue->stats().damaged_records, 0u);  // the loss is already in somebody's accounts
    queue.reset();
    disk->overwrite(name, 0, good);
    ASSERT_TRUE(disk->remove(name.substr(0, name.size() - 3) + "ack").has_value());
  }
}

TEST_F(SegmentQueueTest, DamageFoundWhileReading) {
  ASSERT_TRUE(append({"aaaa", "bbbb"}).has_value());
  const std::string name = "/q/" + files()[0];
  disk->overwrite(name, disk->read_file(name)->find("aaaa"), "z");
  const auto damaged = queue->read(1);
  EXPECT_EQ(damaged.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(damaged.error().message, HasSubstr("record 1 is damaged"));
  EXPECT_EQ(queue->stats().damaged_records, 1u);
  EXPECT_THAT(pending(), ElementsAre(2));
  EXPECT_EQ(queue->read(1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(queue->read(2)->body, "bbbb");
}

TEST_F(SegmentQueueTest, DiskThatCannotReadKeepsTheRecord) {
  const auto faulty = fs::testing::FaultFileSystem::create(disk);
  queue.reset();
  queue = *SegmentQueue::open(faulty, options);
  ASSERT_TRUE(append({"a"}).has_value());
  faulty->inject({.only = fs::testing::Operation::kRead});
  EXPECT_EQ(queue->read(1).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(queue->read(1)->body, "a");
}

TEST_F(SegmentQueueTest, SegmentThatCannotBeReadIsLeftForTheNextStart) {
  ASSERT_TRUE(append({std::string(3000, 'a')}).has_value());
  ASSERT_TRUE(append({std::string(3000, 'b')}).has_value());
  queue.reset();
  const auto faulty = fs::testing::FaultFileSystem::create(disk);
  faulty->inject({.at = 3, .only = fs::testing::Operation::kRead});  // the first frame of the second segment
  queue = *SegmentQueue::open(faulty, options);
  ASSERT_TRUE(faulty->injected());
  EXPECT_EQ(queue->stats().unreadable_segments, 1u);
  EXPECT_THAT(pending(), ElementsAre(1));
  EXPECT_GT(queue->stats().disk_bytes, 6000u);
  ASSERT_TRUE(append({"c"}).has_value());
  queue = reopen();
  EXPECT_EQ(queue->stats().unreadable_segments, 0u);
  EXPECT_EQ(pending().size(), 3u);
  EXPECT_EQ(queue->stats().damaged_records, 0u);
}

TEST_F(SegmentQueueTest, ForeignFilesAreLeftAlone) {
  ASSERT_TRUE(disk->write_file_atomically("/q/notes.txt", "x", 0640, false).has_value());
  ASSERT_TRUE(disk->write_file_atomically("/q/" + ack_file({9, 9}), "x", 0640, false)
                  .has_value());  // an orphan of ours
  queue = reopen();
  EXPECT_THAT(files(), ElementsAre("notes.txt"));
}

TEST_F(SegmentQueueTest, StatsAgree) {
  const NewRecord group[] = {{50, "h", "12345"}, {40, "h", "123"}};
  ASSERT_TRUE(queue->append(group).has_value());
  SegmentQueue::Stats stats = queue->stats();
  EXPECT_EQ(stats.pending_records, 2u);
  EXPECT_EQ(stats.pending_bytes, 2 * kFrameBytes + 10);
  EXPECT_EQ(stats.disk_bytes, kFileHeaderBytes + stats.pending_bytes);
  EXPECT_EQ(stats.segments, 1u);
  EXPECT_EQ(stats.oldest_taken_unix_ns, 50);
  ASSERT_TRUE(ack({1}).has_value());
  stats = queue->stats();
  EXPECT_EQ(stats.pending_records, 1u);
  EXPECT_EQ(stats.oldest_taken_unix_ns, 40);
  ASSERT_TRUE(ack({2}).has_value());
  EXPECT_EQ(queue->stats().oldest_taken_unix_ns, 0);
}

TEST_F(SegmentQueueTest, ThreadsMayAppendReadAndAcknowledgeAtOnce) {
  std::atomic<int> delivered = 0;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(append({"x", "y"}).has_value());
  });
  std::thread reader([&] {
    while (delivered < 400) {
      for (const RecordInfo& info : queue->pending(0, 16)) {
        ASSERT_TRUE(queue->read(info.id).has_value());
        ASSERT_TRUE(queue->ack(std::vector{info.id}).has_value());
        ++delivered;
      }
      (void)queue->stats();
    }
  });
  writer.join();
  reader.join();
  EXPECT_EQ(queue->stats().pending_records, 0u);
}

TEST(SegmentQueueOnDisk, SurvivesARestart) {
  const fs::testing::TempDir dir;
  const SegmentQueue::Options options{.directory = dir.path("queue/endpoint"), .segment_bytes = 4096};
  for (int round = 0; round < 3; ++round) {
    const auto queue = *SegmentQueue::open(fs::posix(), options);
    EXPECT_EQ(queue->stats().recovered_records, static_cast<std::uint64_t>(round) * 9);
    const std::string body(1000, static_cast<char>('a' + round));
    for (int i = 0; i < 10; ++i) {
      const NewRecord group[] = {{i, "meta", body}};
      ASSERT_TRUE(queue->append(group).has_value());
    }
    const auto oldest = queue->pending(0, 1).front();
    EXPECT_EQ(queue->read(oldest.id)->body, std::string(1000, 'a'));
    ASSERT_TRUE(queue->ack(std::vector{oldest.id}).has_value());
  }
}

}  // namespace
}  // namespace invar::queue
