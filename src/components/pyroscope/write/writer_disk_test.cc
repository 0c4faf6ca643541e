// A Writer and its disk: when profiles get there, what a restart finds, and what happens when the disk fails or fills.
#include "components/pyroscope/write/testing/writer_rig.h"
#include "delivery/left_queues.h"
#include "syntax/json.h"

namespace invar::components::pyroscope_write {
namespace {

using http::testing::answer;
using http::testing::failure;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DiskTest : public WriterTest {
 protected:
  // Kills the process, starts another one, and says how many profiles that one finds.
  std::uint64_t found_after_kill() {
    kill();
    start();
    configure({endpoint()}, queue_);
    return ledger().recovered;
  }
  QueueArguments queue_;
};

// ---- what is on disk, and when

TEST_F(DiskTest, ADeliveredProfileNeverTouchesTheDisk) {
  serve_all(milliseconds(500));
  configure({endpoint()});
  const auto before = disk_->operations();
  offer_many(8);
  loop_.advance(seconds(5));
  EXPECT_EQ(ledger().sent, 8u);
  EXPECT_EQ(disk_->operations(), before);
}

TEST_F(DiskTest, AFailedFirstPushIsOnDiskWithin200Milliseconds) {
  serve([](const auto&) { return failure(http::FailureKind::kConnect, "refused"); }, milliseconds(10));
  configure({endpoint()});
  offer_many(1);
  loop_.advance(milliseconds(10 + 200));
  EXPECT_EQ(found_after_kill(), 1u);
}

TEST_F(DiskTest, AProfileThatHasWaitedASecondIsOnDiskWithin200Milliseconds) {
  configure({endpoint()});  // the server hangs: the first are in flight, the others wait
  offer_many(20);
  loop_.advance(milliseconds(800));
  EXPECT_EQ(memory_->used_bytes(), 0u);
  loop_.advance(milliseconds(400));
  EXPECT_EQ(found_after_kill(), 20u);
}

TEST_F(DiskTest, NeighboursShareASync) {
  configure({endpoint()});
  for (int i = 0; i < 50; ++i) {
    offer_many(1);
    loop_.advance(milliseconds(2));
  }
  const auto before = disk_->operations();
  loop_.advance(milliseconds(1200));
  EXPECT_LT(disk_->operations() - before, 20u);
  EXPECT_EQ(found_after_kill(), 50u);
}

TEST_F(DiskTest, WithoutDiskSpaceNothingIsWritten) {
  serve_outage();
  queue_.max_disk_bytes = 0;
  configure({endpoint()}, queue_);
  offer_many(20);
  loop_.advance(minutes(1));
  EXPECT_EQ(memory_->used_bytes(), 0u);
  EXPECT_EQ(found_after_kill(), 0u);
}

// ---- restart

TEST_F(DiskTest, ARestartAfterAKillSendsTheSameBytesInOrder) {
  std::vector<std::string> tried;
  serve([&](const http::Request& request) {
    tried.push_back(http::testing::body_of(request));
    return failure(http::FailureKind::kConnect, "refused");
  });
  configure({endpoint()});
  for (int i = 0; i < 60; ++i) {
    auto p = profile("body " + std::to_string(i));
    p->lacks_time = true;
    p->id = "id-" + std::to_string(i);
    offer(p);
    loop_.advance(seconds(1));
  }
  loop_.advance(seconds(2));
  const pipeline::LedgerRow before = ledger();
  serve_all(milliseconds(1));
  EXPECT_EQ(found_after_kill(), before.queued);
  EXPECT_EQ(ledger().taken, before.queued);
  EXPECT_THAT(registry_->collect(),
              HasSubstr("pyroscope_ledger_recovered_total{component_id=\"pyroscope.write.test\","
                        "destination=\"http://one:4040\",profile=\"cpu\"} "));
  loop_.advance(minutes(1));
  EXPECT_EQ(ledger().sent, before.queued);
  EXPECT_TRUE(std::ranges::find(sent_, tried.front()) != sent_.end());  // byte for byte
  std::vector<int> order;
  for (const std::string& body : sent_) order.push_back(std::stoi(body.substr(body.find("body ") + 5)));
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(memory_->used_bytes(), 0u);
}

TEST_F(DiskTest, AnIngestBodySurvivesARestart) {
  serve_outage();
  configure({endpoint()});
  auto body = profile("raw \x01 bytes");
  body->kind = pipeline::BodyKind::kIngest;
  body->ingest = std::make_shared<const pipeline::IngestInfo>(
      pipeline::IngestInfo{"/ingest", "name=x&from=1", {"multipart/form-data; boundary=b", "second"}});
  offer(body);
  loop_.advance(seconds(2));
  const http::Request first = http_->exchanges().front()->request;
  ASSERT_EQ(found_after_kill(), 1u);
  serve_all();
  http_->forget_exchanges();
  loop_.advance(minutes(1));
  ASSERT_EQ(http_->exchanges().size(), 1u);
  const http::Request& again = http_->exchanges()[0]->request;
  EXPECT_EQ(again.url, first.url);
  EXPECT_EQ(*again.body, *first.body);
  EXPECT_TRUE(std::ranges::equal(again.headers, first.headers));
}

TEST_F(DiskTest, AKillTakesOnlyWhatWasYoungerThanASecondAndNothingComesTwice) {
  configure({endpoint()});
  serve_all(milliseconds(5));
  for (int round = 0; round < 20; ++round) {
    if (round % 4 == 1) serve_outage();
    if (round % 4 == 3) serve_all(milliseconds(5));
    for (int i = 0; i < 10; ++i) {
      offer_many(1);
      loop_.advance(milliseconds(100));
    }
    if (round % 5 != 4) continue;
    loop_.advance(milliseconds(1300));
    const std::uint64_t queued = ledger().queued;
    EXPECT_EQ(found_after_kill(), queued);
  }
  serve_all(milliseconds(5));
  loop_.advance(minutes(10));
  std::set<std::string> distinct(sent_.begin(), sent_.end());
  EXPECT_EQ(distinct.size(), sent_.size());
  EXPECT_EQ(distinct.size(), static_cast<std::size_t>(offered_));
}

TEST_F(DiskTest, ARestartCountsWhatHasBecomeTooOld) {
  serve_outage();
  configure({endpoint()});
  offer_many(5);
  loop_.advance(seconds(2));
  kill();
  loop_.advance(hours(2));
  start();
  configure({endpoint()});
  loop_.advance(seconds(1));
  EXPECT_EQ(ledger().recovered, 5u);
  EXPECT_EQ(ledger().expired, 5u);
  loop_.advance(seconds(1));
  EXPECT_EQ(memory_->used_bytes(), 0u);
}

TEST_F(DiskTest, ADamagedRecordLosesOnlyItselfAndIsCounted) {
  serve_outage();
  configure({endpoint()});
  for (int i = 0; i < 10; ++i) offer(profile("body " + std::to_string(i)));
  loop_.advance(seconds(2));
  kill();
  const auto queues = memory_->list("/data/queue");
  ASSERT_EQ(queues->size(), 1u);
  const std::string folder = "/data/queue/" + queues->front();
  const auto files = memory_->list(folder);
  for (const std::string& file : *files) {
    if (!file.ends_with(".seg")) continue;
    const std::string path = folder + "/" + file;
    const std::string bytes = *memory_->read_file(path);
    memory_->overwrite(path, bytes.find("body 4"), "BODY 4");
  }
  start();
  serve_all();
  configure({endpoint()});
  loop_.advance(minutes(1));
  EXPECT_EQ(ledger().sent, 9u);
  EXPECT_EQ(ledger().recovered, 10u);
  EXPECT_EQ(ledger().dropped_by_reason.at("damaged on disk"), 1u);
  EXPECT_EQ(logged("a part of the queue on disk is damaged"), 1);
}

TEST_F(DiskTest, TheQueueOfAnEndpointThatIsGoneAfterARestartIsCountedAndCleared) {
  serve_outage();
  configure({endpoint(), endpoint("http://two")});
  offer_many(7);
  loop_.advance(seconds(2));
  kill();
  start();
  configure({endpoint("http://two")});
  loop_.advance(seconds(1));
  EXPECT_EQ(ledger("http://two").recovered, 7u);
  EXPECT_EQ(ledger().recovered, 7u);
  EXPECT_EQ(ledger().dropped_by_reason.at("endpoint removed"), 7u);
  EXPECT_EQ(memory_->list("/data/queue")->size(), 1u);
  EXPECT_EQ(logged("no longer configured"), 1);
}

TEST_F(DiskTest, TheQueuesOfComponentsThatAreGoneAreFound) {
  serve_outage();
  configure({endpoint(), endpoint("http://two")});
  offer_many(7);
  loop_.advance(seconds(2));
  kill();
  // As they stand in a storage directory.
  for (const std::string folder :
       {"/storage/pyroscope.write.gone", "/storage/pyroscope.write.here",
        "/storage/foreach.f/foreach_1_1/pyroscope.write.gone", "/storage/pair.x/pyroscope.write.here"}) {
    const auto queues = *memory_->list("/data/queue");
    for (const std::string& queue : queues) {
      const std::string from = "/data/queue/" + queue, to = folder + "/queue/" + queue;
      ASSERT_TRUE(memory_->make_directories(to));
      const auto files = *memory_->list(from);
      for (const std::string& file : files) {
        if (!file.ends_with(".seg")) continue;
        ASSERT_TRUE(memory_->write_file_atomically(to + "/" + file, *memory_->read_file(from + "/" + file),
                                                   0640, false));
      }
    }
  }
  ASSERT_TRUE(memory_->make_directories("/storage/pyroscope.write.empty/queue/0-0"));
  ASSERT_TRUE(memory_->make_directories("/storage/pyroscope.scrape.x"));
  const auto left = delivery::find_left_queues(*memory_, "/storage",
                                               {"pyroscope.write.here", "pair.x/pyroscope.write.here"});
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].component_id, "foreach.f/foreach_1_1/pyroscope.write.gone") << "of a module that is gone";
  EXPECT_EQ(left[0].directory, "/storage/foreach.f/foreach_1_1/pyroscope.write.gone");
  EXPECT_EQ(left[0].profiles, 14u);
  EXPECT_EQ(left[1].component_id, "pyroscope.write.gone");
  EXPECT_EQ(left[1].directory, "/storage/pyroscope.write.gone");
  EXPECT_EQ(left[1].profiles, 14u);
  EXPECT_GT(left[1].bytes, 14u * 40);
  EXPECT_NEAR(static_cast<double>(left[1].oldest_unix_ns), static_cast<double>(loop_.unix_ns()), 3e9);
  EXPECT_TRUE(delivery::find_left_queues(*memory_, "/none", {}).empty());
}

// ---- stopping and removing

TEST_F(DiskTest, StoppingInAnOutageIsPromptAndEverythingIsThereAfterwards) {
  serve_outage();
  configure({endpoint()});
  for (int i = 0; i < 30; ++i) {
    offer_many(1);
    loop_.advance(milliseconds(200));
  }
  offer_many(5);
  const std::uint64_t queued = ledger().queued;
  EXPECT_TRUE(stop(milliseconds(500)));  // no use in trying: it does not wait for flush_timeout
  EXPECT_EQ(ledger().queued, queued);
  EXPECT_EQ(logged("profiles stay on disk until the component runs again"), 1);
  EXPECT_EQ(logged("profiles=" + std::to_string(queued)), 1);
  EXPECT_EQ(found_after_kill(), queued);
}

TEST_F(DiskTest, StoppingWhileTheServerHangsEndsAtTheDeadlineAndEverythingIsThereAfterwards) {
  configure({endpoint()});
  offer_many(30);
  EXPECT_FALSE(stop(milliseconds(1400)));
  loop_.advance(milliseconds(500));
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(found_after_kill(), 30u);
}

TEST_F(DiskTest, StoppingAlsoSavesWhatWaitedForTheFirstTime) {
  serve_outage();
  configure({endpoint()}, {.flush_timeout = Duration(0)});
  offer_many(3);
  EXPECT_TRUE(stop(milliseconds(200)));
  EXPECT_EQ(found_after_kill(), 3u);
}

TEST_F(DiskTest, ADiskThatHangsDoesNotHoldUpTheStop) {
  configure({endpoint()});
  disk_pool_.set_paused(true);
  offer_many(10);
  loop_.advance(seconds(2));
  EXPECT_FALSE(stop(milliseconds(1000)));
  loop_.advance(milliseconds(900));
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(ledger().dropped_by_reason.at("stopped"), 10u);
}

TEST_F(DiskTest, ARemovedEndpointIsDrainedFromDiskToo) {
  serve_outage();
  configure({endpoint(), endpoint("http://two")});
  offer_many(20);
  loop_.advance(seconds(3));
  configure({endpoint("http://two")});
  serve_all(milliseconds(5));
  loop_.advance(seconds(50));
  EXPECT_EQ(ledger().sent, 20u);
}

TEST_F(DiskTest, ARemovedEndpointThatCannotDeliverLeavesNothingOnDisk) {
  serve_outage();
  configure({endpoint()});
  offer_many(20);
  loop_.advance(seconds(3));
  configure({});
  loop_.advance(minutes(2));
  EXPECT_EQ(ledger().dropped_by_reason.at("endpoint removed"), 20u);
  EXPECT_EQ(memory_->used_bytes(), 0u);
}

TEST_F(DiskTest, AnEndpointThatComesBackWhileItIsDrainedKeepsItsQueue) {
  serve_outage();
  configure({endpoint()});
  offer_many(20);
  loop_.advance(seconds(3));
  configure({});
  loop_.advance(seconds(5));
  configure({endpoint()});
  offer_many(1);
  loop_.advance(minutes(2));
  EXPECT_EQ(ledger().queued, 21u);
  serve_all();
  loop_.advance(minutes(6));
  EXPECT_EQ(ledger().sent, 21u);
}

TEST_F(DiskTest, TurningTheDiskOffDeliversWhatIsThere) {
  serve_outage();
  configure({endpoint()});
  offer_many(10);
  loop_.advance(seconds(3));
  configure({endpoint()}, {.max_disk_bytes = 0});
  const std::uint64_t used = memory_->used_bytes();
  offer_many(10);
  loop_.advance(seconds(3));
  EXPECT_EQ(memory_->used_bytes(), used);
  serve_all();
  loop_.advance(minutes(1));
  EXPECT_EQ(ledger().sent, 20u);
  loop_.advance(seconds(1));
  EXPECT_EQ(memory_->used_bytes(), 0u);
}

// ---- a disk that fails or fills

TEST_F(DiskTest, AFullDiskLeavesTheMemoryAndIsTriedAgain) {
  serve_outage();
  configure({endpoint()});
  memory_->set_capacity(0);
  offer_many(10);
  loop_.advance(seconds(3));
  EXPECT_EQ(ledger().queued, 10u);
  EXPECT_EQ(logged("profiles cannot be kept on disk"), 1);
  EXPECT_THAT(syntax::body_to_json(writer_->debug_info()), HasSubstr("profiles wait in memory only"));
  memory_->set_capacity(UINT64_MAX);
  loop_.advance(seconds(2));
  EXPECT_EQ(logged("profiles are kept on disk again"), 1);
  EXPECT_EQ(found_after_kill(), 10u);
}

TEST_F(DiskTest, ADirectoryThatCannotBeUsedAtFirstIsOpenedLater) {
  serve_outage();
  disk_->inject({.only = fs::testing::Operation::kLock, .code = ErrorCode::kUnavailable, .times = 3});
  configure({endpoint()});
  offer_many(10);
  loop_.advance(seconds(2));
  EXPECT_EQ(logged("profiles cannot be kept on disk"), 1);
  loop_.advance(seconds(5));
  EXPECT_EQ(found_after_kill(), 10u);
}

TEST_F(DiskTest, ARecordThatCannotBeReadNowIsReadLater) {
  serve_outage();
  configure({endpoint()});
  offer_many(10);
  loop_.advance(seconds(2));
  found_after_kill();
  disk_->inject({.only = fs::testing::Operation::kRead, .times = 3});
  serve_all();
  loop_.advance(minutes(1));
  EXPECT_EQ(ledger().sent, 10u);
}

TEST_F(DiskTest, TheOldestSegmentMakesRoomWhenTheDiskSpaceIsUsedUp) {
  serve_outage();
  queue_.max_disk_bytes = 1 << 20;
  configure({endpoint()}, queue_);
  for (int i = 0; i < 300; ++i) {
    offer(profile(std::string(10'000, 'x') + std::to_string(i)));
    loop_.advance(milliseconds(100));
    EXPECT_LE(memory_->used_bytes(), 1u << 20);
  }
  loop_.advance(seconds(2));
  EXPECT_GT(ledger().dropped_by_reason.at("disk full"), 100u);
  serve_all(milliseconds(5));
  loop_.advance(minutes(6));
  EXPECT_EQ(ledger().queued, 0u);
  EXPECT_TRUE(sent_.back().ends_with("299"));
  EXPECT_GT(sent_.size(), 80u);
}

TEST_F(DiskTest, WhatIsOnDiskLeavesTheMemoryWhenThatIsNeeded) {
  serve_outage();
  queue_.max_memory_bytes = 200'000;
  configure({endpoint()}, queue_);
  for (int i = 0; i < 150; ++i) {
    offer(profile(std::string(10'000, 'x') + std::to_string(i)));
    loop_.advance(milliseconds(100));
    EXPECT_LE(writer_->memory_bytes(), 200'000u);
  }
  EXPECT_EQ(ledger().queued, 150u);
  serve_all(milliseconds(5));
  loop_.advance(minutes(6));
  EXPECT_EQ(ledger().sent, 150u);
}

TEST_F(DiskTest, ABurstIsWrittenBeforeItFillsTheMemory) {
  queue_.max_memory_bytes = 200'000;
  configure({endpoint()}, queue_);  // hangs
  for (int i = 0; i < 100; ++i) {
    offer(profile(std::string(10'000, 'x')));
    loop_.advance(milliseconds(60));
  }
  EXPECT_EQ(ledger().dropped, 0u);
}

// ---- sync = "always"

class AlwaysTest : public DiskTest {
 protected:
  AlwaysTest() { queue_.sync = "always"; }
  // The answer once it is there.
  std::shared_ptr<std::optional<pipeline::Answer>> ask(const pipeline::ProfilePtr& p) {
    auto heard = std::make_shared<std::optional<pipeline::Answer>>();
    writer_->receiver()->accept_kept(p, [heard](const pipeline::Answer& answer) {
      EXPECT_FALSE(heard->has_value()) << "heard twice";
      *heard = answer;
    });
    return heard;
  }
};

TEST_F(AlwaysTest, TheSenderHearsOnceTheProfileIsOnDiskAndOnlyThenItIsSent) {
  configure({endpoint()}, queue_);
  disk_pool_.set_paused(true);
  const auto heard = ask(profile());
  loop_.advance(seconds(5));
  EXPECT_FALSE(heard->has_value());
  EXPECT_TRUE(http_->exchanges().empty());
  disk_pool_.set_paused(false);
  loop_.run_until_idle();
  ASSERT_TRUE(heard->has_value());
  EXPECT_TRUE((*heard)->accepted());
  EXPECT_EQ(http_->exchanges().size(), 1u);
  EXPECT_EQ(found_after_kill(), 1u);
}

TEST_F(AlwaysTest, AGroupIsOneSync) {
  configure({endpoint()}, queue_);
  ask(profile());
  loop_.run_until_idle();
  const auto before = disk_->operations();
  disk_pool_.set_paused(true);
  std::vector<std::shared_ptr<std::optional<pipeline::Answer>>> heard;
  for (int i = 0; i < 100; ++i) heard.push_back(ask(profile()));
  disk_pool_.set_paused(false);
  loop_.run_until_idle();
  for (const auto& h : heard) EXPECT_TRUE(h->has_value());
  EXPECT_LT(disk_->operations() - before, 10u);
}

TEST_F(AlwaysTest, ASenderIsToldThatTheDiskIsFullAndKeepsTheProfile) {
  configure({endpoint()}, queue_);
  memory_->set_capacity(0);
  const auto heard = ask(profile());
  loop_.run_until_idle();
  ASSERT_TRUE(heard->has_value());
  EXPECT_FALSE((*heard)->accepted());
  EXPECT_FALSE((*heard)->permanent);
  EXPECT_TRUE(http_->exchanges().empty());
  EXPECT_EQ(ledger().refused_by_reason.at("disk"), 1u);
  // A scrape does not ask: for its profile the memory is better than nothing.
  serve_all();
  offer(profile());
  EXPECT_EQ(ledger().sent, 1u);
}

TEST_F(AlwaysTest, ADiskThatTakesAProfileAgainIsAskedAtOnce) {
  configure({endpoint()}, queue_);
  ask(profile());
  loop_.run_until_idle();
  memory_->set_capacity(memory_->used_bytes() + 10'000);
  disk_pool_.set_paused(true);
  const auto large = ask(profile(std::string(20'000, 'x'))), small = ask(profile());
  disk_pool_.set_paused(false);
  loop_.run_until_idle();
  ASSERT_TRUE(large->has_value() && small->has_value());
  EXPECT_FALSE((*large)->accepted());
  EXPECT_TRUE((*small)->accepted());
  const auto next = ask(profile());
  loop_.run_until_idle();
  EXPECT_TRUE(next->has_value() && (*next)->accepted());
}

TEST_F(AlwaysTest, ADeliveredProfileLeavesTheDisk) {
  serve_all();
  configure({endpoint()}, queue_);
  for (int i = 0; i < 20; ++i) ask(profile());
  loop_.advance(seconds(1));
  EXPECT_EQ(ledger().sent, 20u);
  EXPECT_EQ(memory_->used_bytes(), 0u);
  EXPECT_EQ(found_after_kill(), 0u);
}

TEST_F(AlwaysTest, AStopAnswersEverySender) {
  configure({endpoint()}, queue_);
  disk_pool_.set_paused(true);
  const auto heard = ask(profile());
  stop(seconds(3));
  ASSERT_TRUE(heard->has_value());
  EXPECT_FALSE((*heard)->accepted());
  const auto late = ask(profile());
  EXPECT_EQ((*late)->reason, "component stopped");
}

TEST_F(AlwaysTest, WithSpillTheSenderHearsAtOnce) {
  configure({endpoint()});
  const auto heard = ask(profile());
  ASSERT_TRUE(heard->has_value());
  EXPECT_TRUE((*heard)->accepted());
}

TEST_F(AlwaysTest, OneEndpointThatDoesNotKeepItIsARefusal) {
  configure({endpoint(), endpoint("http://two")}, queue_);
  disk_->inject({.only = fs::testing::Operation::kAppend, .code = ErrorCode::kResourceExhausted});
  const auto heard = ask(profile());
  loop_.run_until_idle();
  ASSERT_TRUE(heard->has_value());
  EXPECT_FALSE((*heard)->accepted());
  EXPECT_EQ(ledger().refused + ledger("http://two").refused, 1u);
  EXPECT_EQ(ledger().queued + ledger("http://two").queued, 1u);
}

// ---- fairness

TEST_F(DiskTest, WhatWouldLeaveTheWindowGetsALastAttemptBefore) {
  serve_outage();
  EndpointArguments one = endpoint();
  one.max_backoff_retries = 0;
  configure({one}, {.max_age = minutes(10)});
  offer_many(1);
  loop_.advance(minutes(9) + seconds(40));
  serve_all();
  loop_.advance(seconds(20));
  EXPECT_EQ(ledger().sent, 1u);
  EXPECT_EQ(ledger().expired, 0u);
}

TEST_F(DiskTest, TheOldestGoFirstWhateverTheOrderInWhichTheyWereFound) {
  serve_outage();
  configure({endpoint()});
  std::vector<int> minutes_old = {10, 50, 30, 20, 40};
  for (const int age : minutes_old) {
    auto p = profile("age " + std::to_string(age));
    p->taken_unix_ns -= std::chrono::nanoseconds(minutes(age)).count();
    offer(p);
  }
  loop_.advance(seconds(2));
  std::vector<std::string> order;
  serve([&](const http::Request& request) {
    order.push_back(*request.body);
    return ok();
  });
  found_after_kill();
  loop_.advance(minutes(1));
  EXPECT_THAT(order, ElementsAre("age 50", "age 40", "age 30", "age 20", "age 10"));
}

}  // namespace
}  // namespace invar::components::pyroscope_write
