// The queue against a simple one in memory, on a disk that fails once at every operation in turn, dies there, or loses power.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "queue/segment_queue.h"

namespace invar::queue {
namespace {

using fs::testing::Fault;
using fs::testing::FaultFileSystem;
using fs::testing::MemoryFileSystem;

constexpr int kSteps = 30;

// What must, and what may, be in the queue.
struct Model {
  std::set<std::string> kept;  // appended for certain, not acknowledged
  std::set<std::string>
      doubtful;  // an acknowledgement that failed, a group that was being written when the machine died
  std::set<std::string> refused;  // appends that failed: they never come back
};

class History {
 public:
  History(std::uint64_t seed, const Fault& fault)
      : random_(seed),
        memory_(MemoryFileSystem::create()),
        disk_(FaultFileSystem::create(memory_)),
        fault_(fault) {}

  // False when the fault lies beyond the last operation.
  bool play() {
    queue_ = open(disk_);
    disk_->inject(fault_);
    for (int step = 0; step < kSteps && !dead(); ++step) {
      switch (random_() % 8) {
        case 0:
        case 1:
        case 2:
          append();
          break;
        case 3:
        case 4:
          acknowledge();
          break;
        case 5:
          read();
          break;
        case 6:
          drop();
          break;
        case 7:
          restart();
          break;
      }
      if (::testing::Test::HasFailure()) return false;
    }
    const bool happened = disk_->injected();
    disk_->clear();
    return happened;
  }

  void check_after_kill() {
    queue_.reset();
    check(memory_);
  }

  void check_after_power_cut() {
    const auto survivors = [this](const std::string&, std::size_t unsynced) {
      return random_() % (unsynced + 1);
    };
    const bool names = random_() % 2;
    memory_->power_cut(survivors, names);
    queue_.reset();
    // Acknowledgements are not synced.
    model_.doubtful.insert(acknowledged_.begin(), acknowledged_.end());
    // Nor is the truncation after a failed append.
    model_.doubtful.insert(model_.refused.begin(), model_.refused.end());
    model_.refused.clear();
    check(memory_);
  }

 private:
  static SegmentQueue::Options options() {
    auto salt = std::make_shared<std::uint32_t>(0);
    return {.directory = "/q", .max_bytes = 64 << 10, .segment_bytes = 4096, .random = [salt] {
              return ++*salt;
            }};
  }

  std::unique_ptr<SegmentQueue> open(const std::shared_ptr<fs::FileSystem>& disk) {
    auto opened = SegmentQueue::open(disk, options());
    return opened ? std::move(*opened) : nullptr;
  }

  bool dead() const { return fault_.stay_broken && disk_->injected(); }

  void append() {
    if (!queue_) return;
    std::vector<std::string> bodies;
    std::vector<NewRecord> group;
    for (std::uint64_t i = random_() % 4; i < 4; ++i) {
      bodies.push_back(fmt::format("{}:{}", ++serial_, std::string(random_() % 1200, 'x')));
    }
    for (const std::string& body : bodies) group.push_back({1, "meta", body});
    const auto kept = queue_->append(group);
    std::set<std::string>& where = kept ? model_.kept : dead() ? model_.doubtful : model_.refused;
    where.insert(bodies.begin(), bodies.end());
    if (!kept) return;
    RecordId id = *kept;
    for (const std::string& body : bodies) ids_[id++] = body;
  }

  void acknowledge() {
    std::vector<RecordId> ids;
    for (const RecordInfo& info : queue_ ? queue_->pending(0, 8) : std::vector<RecordInfo>{}) {
      if (random_() % 3) ids.push_back(info.id);
    }
    consumed(ids, ids.empty() || queue_->ack(ids).has_value());
  }

  void drop() {
    if (!queue_) return;
    std::vector<RecordId> ids;
    for (const RecordInfo& info : queue_->pending(0, 2)) ids.push_back(info.id);
    const auto dropped = queue_->drop(ids);
    EXPECT_EQ(dropped.size(), ids.size());
    consumed(ids, false);  // drop() has nobody to tell that a restart may bring them back
  }

  void consumed(const std::vector<RecordId>& ids, bool surely) {
    for (const RecordId id : ids) {
      const std::string& body = ids_.at(id);
      model_.kept.erase(body);
      acknowledged_.insert(body);
      if (!surely) model_.doubtful.insert(body);
    }
  }

  void read() {
    if (!queue_) return;
    for (const RecordInfo& info : queue_->pending(0, 3)) {
      const auto record = queue_->read(info.id);
      if (record) {
        EXPECT_EQ(record->body, ids_.at(info.id));
      } else {
        EXPECT_EQ(record.error().code, ErrorCode::kUnavailable) << record.error().message;
      }
    }
  }

  void restart() {
    queue_.reset();
    queue_ = open(disk_);
    if (!queue_) queue_ = dead() ? nullptr : open(disk_);  // a fault at one operation: the second try works
    if (!queue_) return;
    if (queue_->stats().unreadable_segments > 0) {
      queue_.reset();
      queue_ = dead() ? nullptr : open(disk_);
    }
    if (queue_) learn(*queue_);
  }

  // Ids are a process's own: after a restart they are read back from the records.
  void learn(SegmentQueue& queue) {
    ids_.clear();
    for (const RecordInfo& info : queue.pending(0, SIZE_MAX)) {
      auto record = queue.read(info.id);
      if (!record) record = queue.read(info.id);
      if (record) ids_[info.id] = record->body;
    }
  }

  void check(const std::shared_ptr<fs::FileSystem>& disk) {
    const auto queue = open(disk);
    ASSERT_TRUE(queue != nullptr);
    EXPECT_EQ(queue->stats().unreadable_segments, 0u);
    EXPECT_EQ(queue->stats().damaged_records, 0u);
    std::set<std::string> found;
    std::uint64_t last_serial = 0;
    for (const RecordInfo& info : queue->pending(0, SIZE_MAX)) {
      const auto record = queue->read(info.id);
      ASSERT_TRUE(record.has_value()) << record.error().message;
      EXPECT_EQ(record->header, "meta");
      EXPECT_TRUE(found.insert(record->body).second) << "twice: " << record->body.substr(0, 10);
      const std::uint64_t serial = std::stoull(record->body);
      EXPECT_GT(serial, last_serial) << "out of order";
      last_serial = serial;
      EXPECT_TRUE(model_.kept.contains(record->body) || model_.doubtful.contains(record->body))
          << "should be gone: " << record->body.substr(0, 10);
    }
    for (const std::string& body : model_.kept)
      EXPECT_TRUE(found.contains(body)) << "lost: " << body.substr(0, 10);
    std::vector<RecordId> all;
    for (const RecordInfo& info : queue->pending(0, SIZE_MAX)) all.push_back(info.id);
    EXPECT_TRUE(queue->ack(all).has_value());
    EXPECT_EQ(queue->stats().disk_bytes, 0u);
  }

  std::mt19937_64 random_;
  std::shared_ptr<MemoryFileSystem> memory_;
  std::shared_ptr<FaultFileSystem> disk_;
  Fault fault_;
  std::unique_ptr<SegmentQueue> queue_;
  Model model_;
  std::map<RecordId, std::string> ids_;
  std::set<std::string> acknowledged_;
  std::uint64_t serial_ = 0;
};

// Every operation of a few random histories fails once.
void fail_everywhere(Fault fault, bool power_cut) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    for (fault.at = 1;; ++fault.at) {
      SCOPED_TRACE(fmt::format("seed {} operation {}", seed, fault.at));
      History run(seed, fault);
      const bool happened = run.play();
      power_cut ? run.check_after_power_cut() : run.check_after_kill();
      if (::testing::Test::HasFailure()) return;
      if (!happened) {
        EXPECT_GT(fault.at, 40u);
        break;
      }
    }
  }
}

TEST(SegmentQueueModel, NoFault) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    History run(seed, {.at = UINT64_MAX});
    run.play();
    seed % 2 ? run.check_after_kill() : run.check_after_power_cut();
    if (HasFailure()) return;
  }
}

TEST(SegmentQueueModel, InputOutputErrorAnywhere) {
  fail_everywhere({.code = ErrorCode::kDataLoss}, false);
}

TEST(SegmentQueueModel, FullDiskWithAShortWriteAnywhere) {
  fail_everywhere({.code = ErrorCode::kResourceExhausted, .write_first_bytes = 57}, false);
}

TEST(SegmentQueueModel, WholeBlockWrittenAndYetAnError) {
  fail_everywhere({.code = ErrorCode::kDataLoss, .write_first_bytes = SIZE_MAX}, false);
}

TEST(SegmentQueueModel, KilledAnywhere) {
  for (const std::size_t torn : {std::size_t{0}, std::size_t{13}, std::size_t{100}, SIZE_MAX}) {
    fail_everywhere({.write_first_bytes = torn, .stay_broken = true}, false);
  }
}

TEST(SegmentQueueModel, PowerCutAnywhere) {
  for (const std::size_t torn : {std::size_t{0}, std::size_t{100}, SIZE_MAX}) {
    fail_everywhere({.write_first_bytes = torn, .stay_broken = true}, true);
  }
}

TEST(SegmentQueueModel, ErrorAnywhereThenPowerCut) {
  fail_everywhere({.code = ErrorCode::kDataLoss}, true);
}

}  // namespace
}  // namespace invar::queue
