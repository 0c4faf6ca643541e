// The queue without an endpoint: the order of turns, the bounds, the window, retries. With a disk: write/writer_disk_test.cc.
#include "delivery/delivery_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"

namespace invar::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DeliveryQueueTest : public ::testing::Test {
 protected:
  void make(QueueSettings settings = {}) {
    DeliveryQueue::Environment environment;
    environment.loop = &loop;
    if (settings.max_disk_bytes > 0) {
      environment.disk_pool = &disk_pool;
      environment.files = disk;
      environment.directory = "/queue";
      environment.recover = [](std::string_view) { return pipeline::Ledger::Entry(); };
    }
    queue = std::make_unique<DeliveryQueue>(
        environment, settings,
        DeliveryQueue::Events{[this](DeliveryPtr given_up, const Outcome& outcome) {
                                ended.push_back(given_up->profile->type + ": " + outcome.reason);
                                queue->settled(*given_up, outcome.end);
                              },
                              [] {}});
    loop.run_until_idle();
  }
  void add(const std::string& name, std::size_t bytes = 100, Duration age = 0s) {
    auto profile = std::make_shared<Outgoing>();
    profile->type = name;
    profile->body = share(std::string(bytes, 'x'));
    auto delivery = std::make_unique<Delivery>();
    delivery->taken_unix_ns = loop.unix_ns() - age.count();
    delivery->body_bytes = bytes;
    delivery->profile = std::move(profile);
    delivery->accepted_at = loop.now();
    queue->add(std::move(delivery));
  }
  // Takes the next one out and ends it; "" when there is none.
  std::string take() {
    const DeliveryPtr next = queue->next(8);
    if (!next) return "";
    queue->settled(*next, End::kSent);
    return next->profile->type;
  }

  std::string take(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += take();
    return out;
  }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool disk_pool{loop};
  std::shared_ptr<fs::testing::MemoryFileSystem> disk = fs::testing::MemoryFileSystem::create();
  std::unique_ptr<DeliveryQueue> queue;
  std::vector<std::string> ended;
};

TEST_F(DeliveryQueueTest, GivesLiveProfilesInTheirOrder) {
  make();
  for (const char* name : {"a", "b", "c"}) add(name);
  EXPECT_EQ(queue->size(), 3u);
  EXPECT_EQ(take(4), "abc");
  EXPECT_TRUE(queue->empty());
  EXPECT_EQ(queue->memory_bytes(), 0u);
}

TEST_F(DeliveryQueueTest, LiveOnesAndTheBacklogTakeTurnsAndHurriedLiveOnesThreeOfFour) {
  make();
  queue->set_flowing(false);
  for (const char* name : {"1", "2", "3", "4"}) add(name);
  loop.advance(DeliveryQueue::kLiveFor);
  queue->sweep();
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) add(name);
  EXPECT_EQ(take(2), "a1") << "in turns";
  loop.advance(DeliveryQueue::kLiveSoon);
  EXPECT_EQ(take(4), "b2cd") << "the fourth turn is the backlog's";
  EXPECT_EQ(take(4), "e3f4");
}

TEST_F(DeliveryQueueTest, TheBacklogGoesOldestFirst) {
  make();
  add("young", 100, 1min);
  add("old", 100, 30min);
  add("middle", 100, 10min);
  loop.advance(DeliveryQueue::kLiveAtMost);
  EXPECT_EQ(take(3), "oldmiddleyoung");
}

TEST_F(DeliveryQueueTest, WhatIsTriedAgainComesWhenItIsDue) {
  make();
  add("a");
  DeliveryPtr failed = queue->next(8);
  EXPECT_EQ(queue->size(), 1u) << "with what is out";
  queue->retry_at(std::move(failed), loop.now() + 5s);
  EXPECT_EQ(queue->next_due(), loop.now() + 5s);
  EXPECT_EQ(take(), "");
  loop.advance(5s);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(queue->next_due(), async::TimePoint::max());
}

TEST_F(DeliveryQueueTest, WhatWasNotJudgedGoesBackToItsPlace) {
  make();
  add("a");
  add("b");
  queue->put_back(queue->next(8));
  EXPECT_EQ(take(2), "ba") << "live ones have the first turn";
}

TEST_F(DeliveryQueueTest, TheMemoryIsBoundedAndTheOldestGoes) {
  make({.max_memory_bytes = 3 * (1000 + Delivery::kOverhead)});
  for (const char* name : {"a", "b", "c", "d", "e"}) add(name, 1000);
  EXPECT_THAT(ended, ElementsAre("a: memory full", "b: memory full"));
  EXPECT_LE(queue->memory_bytes(), 3 * (1000 + Delivery::kOverhead));
  add("whale", 1 << 20);
  EXPECT_THAT(ended, ElementsAre("a: memory full", "b: memory full", "whale: memory full"));
  EXPECT_EQ(queue->size(), 3u);
}

TEST_F(DeliveryQueueTest, WhatLeavesTheServersWindowIsGivenUp) {
  make({.max_age = 1h});
  add("late", 100, 61min);
  EXPECT_THAT(ended, ElementsAre("late: expired"));
  add("soon", 100, 59min);
  add("fresh");
  loop.advance(2min);
  queue->sweep();
  EXPECT_THAT(ended, ElementsAre("late: expired", "soon: expired"));
  EXPECT_EQ(take(), "fresh");
}

TEST_F(DeliveryQueueTest, SaysHowLongWhatWaitsHasBeenWaiting) {
  make({.max_age = 1h});
  constexpr std::array<Duration, 2> kLimits = {1min, 5min};
  EXPECT_THAT(queue->ages(kLimits), ElementsAre(0, 0, 0));
  for (const char* name : {"a", "b"}) add(name);
  loop.advance(2min);
  add("c");
  EXPECT_THAT(queue->ages(kLimits), ElementsAre(1, 2, 0));
  loop.advance(4min);
  EXPECT_THAT(queue->ages(kLimits), ElementsAre(0, 1, 2));
  const DeliveryPtr out = queue->next(8);
  EXPECT_THAT(queue->ages(kLimits), ElementsAre(0, 1, 2)) << "what is out has not arrived yet";
  queue->settled(*out, End::kSent);
  EXPECT_THAT(queue->ages(kLimits), ElementsAre(0, 1, 1));
}

TEST_F(DeliveryQueueTest, TheEndTakesAllOfThem) {
  make();
  add("a");
  add("b");
  queue->retry_at(queue->next(8), loop.now() + 1h);
  queue->give_up_all(End::kDropped, "stopped");
  EXPECT_THAT(ended, ::testing::UnorderedElementsAre("a: stopped", "b: stopped"));
  EXPECT_TRUE(queue->empty());
}

TEST_F(DeliveryQueueTest, WhatIsOnDiskLeavesTheMemoryForWhatIsNew) {
  make({.max_memory_bytes = 4 * (1000 + Delivery::kOverhead), .max_disk_bytes = 1 << 20});
  queue->set_flowing(false);
  for (int i = 0; i < 8; ++i) {
    add(std::to_string(i), 1000);
    loop.advance(2s);
    queue->sweep();
    loop.advance(1s);
  }
  EXPECT_THAT(ended, IsEmpty());
  EXPECT_EQ(queue->size(), 8u);
  EXPECT_TRUE(queue->all_stored());
  EXPECT_LE(queue->memory_bytes(), 4 * (1000 + Delivery::kOverhead));
  std::string order;
  for (int i = 0; i < 40 && !queue->empty(); ++i) {
    order += take();
    loop.advance(100ms);
  }
  EXPECT_EQ(order, "01234567") << "read again in time";
}

}  // namespace
}  // namespace invar::delivery
