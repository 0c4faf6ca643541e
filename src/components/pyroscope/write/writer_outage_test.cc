// A Writer through minutes without a server, while it drains what they left, and on a disk that fails anywhere: in virtual time.
#include "components/pyroscope/write/testing/writer_rig.h"

namespace invar::components::pyroscope_write {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class OutageTest : public WriterTest {
 protected:
  // 1,000 profiles a minute.
  void offer_for(Duration long_, const char* body) {
    for (const auto end = loop_.now() + std::chrono::duration_cast<async::TimePoint::duration>(long_);
         loop_.now() < end;) {
      writer_->receiver()->accept(profile(body + std::string(2000, 'x')));
      loop_.advance(milliseconds(60));
    }
  }
};

// The whole hour, on a real disk: outage_bench.cc.
TEST_F(OutageTest, MinutesCostNoMoreMemoryThanTheBound) {
  serve_outage();
  configure({endpoint()}, {.max_memory_bytes = 2 << 20, .max_disk_bytes = 32 << 20});
  for (int i = 0; i < 6; ++i) {
    offer_for(seconds(20), "");
    ASSERT_LE(writer_->memory_bytes(), 2u << 20);
  }
  EXPECT_GE(ledger().taken, 2'000u);
  EXPECT_LT(ledger().dropped, 20u);  // the probes' retries
  http_->forget_exchanges();
  serve([](const auto&) { return ok(); }, milliseconds(300));
  loop_.advance(minutes(10));
  EXPECT_EQ(ledger().queued, 0u);
  EXPECT_EQ(memory_->used_bytes(), 0u);
}

TEST_F(OutageTest, DrainingDelaysNoLiveProfileByMoreThanASecond) {
  serve_outage();
  configure({endpoint()}, {.max_disk_bytes = 8 << 20});
  offer_for(minutes(1), "old");
  http_->forget_exchanges();
  serve([](const auto&) { return ok(); }, milliseconds(300));
  for (int i = 0; i < 200 && ledger().sent == 0; ++i)
    offer_for(milliseconds(100), "old");  // until the probe finds it back
  ASSERT_GT(ledger().sent, 0u);
  const auto queued = ledger().queued;
  http_->forget_exchanges();
  std::map<std::string, async::TimePoint> offered;
  for (int i = 0; i < 1000; ++i) {
    auto p = profile("live " + std::to_string(i));
    offered[*p->body] = loop_.now();
    writer_->receiver()->accept(p);
    loop_.advance(milliseconds(60));
  }
  loop_.advance(seconds(2));
  Duration longest{0};
  std::size_t seen = 0;
  for (const auto& exchange : http_->exchanges()) {
    const auto found = offered.find(*exchange->request.body);
    if (found == offered.end()) continue;
    ++seen;
    longest = std::max<Duration>(longest, exchange->sent_at - found->second);
  }
  EXPECT_EQ(seen, offered.size());
  EXPECT_LE(longest, Duration(seconds(1)));
  EXPECT_LT(ledger().queued, queued / 2) << "the backlog is drained meanwhile";
}

// A server that takes less than what comes: the oldest are not starved.
TEST_F(OutageTest, TheBacklogIsNotStarvedByLiveProfilesThatFillTheServer) {
  serve_outage();
  configure({endpoint()}, {.max_disk_bytes = 8 << 20});
  offer_for(minutes(1), "old");
  http_->forget_exchanges();
  serve([](const auto&) { return ok(); }, seconds(4));  // at most eight a second, and sixteen come
  offer_for(minutes(3), "live");
  const auto old = std::ranges::count_if(http_->exchanges(),
                                         [](const auto& e) { return e->request.body->starts_with("old"); });
  EXPECT_GT(old, 200);
}

// ---- the disk fails once at every operation of a history; nothing may be lost, or lost without being counted

struct Case {
  const char* name;
  fs::testing::Fault fault;
};

class FaultTest : public WriterTest, public testing::WithParamInterface<Case> {
 protected:
  // False when there were fewer operations than that.
  bool play(fs::testing::Fault fault) {
    serve_outage();
    disk_->inject(fault);
    configure({endpoint()}, {.max_disk_bytes = 8 << 20});
    offer_many(10);
    loop_.advance(seconds(2));
    serve_all(milliseconds(5));
    loop_.advance(milliseconds(400));
    serve_outage();
    offer_many(6);
    loop_.advance(seconds(3));
    stop(seconds(2));
    const std::uint64_t dropped = ledger().dropped;
    writer_.reset();
    start();
    configure({endpoint()}, {.max_disk_bytes = 8 << 20});
    loop_.advance(seconds(2));
    const bool happened = disk_->injected();
    disk_->clear();
    serve_all(milliseconds(5));
    loop_.advance(minutes(10));
    EXPECT_EQ(ledger().queued, 0u);
    const std::set<std::string> distinct(sent_.begin(), sent_.end());
    const std::size_t accounted = distinct.size() + dropped + ledger().dropped;
    EXPECT_GE(accounted, static_cast<std::size_t>(offered_));
    // The rest of a write that failed, and could not be taken back either, counts as a damaged record.
    EXPECT_LE(accounted, offered_ + ledger().dropped_by_reason["damaged on disk"]);
    EXPECT_LE(sent_.size(), distinct.size() + 10)
        << "an acknowledgement that failed may send a profile again";
    EXPECT_EQ(memory_->used_bytes(), 0u);
    return happened;
  }
};

TEST_P(FaultTest, AnywhereLosesNothingUncounted) {
  fs::testing::Fault fault = GetParam().fault;
  for (fault.at = 1;; ++fault.at) {
    SCOPED_TRACE(fault.at);
    // A new disk and a new account every time.
    writer_.reset();
    memory_ = fs::testing::MemoryFileSystem::create();
    (void)memory_->make_directories("/data");
    disk_ = fs::testing::FaultFileSystem::create(memory_);
    sent_.clear();
    offered_ = 0;
    start();
    if (!play(fault) || HasFailure()) break;
  }
  EXPECT_GT(fault.at, 30u);
}

INSTANTIATE_TEST_SUITE_P(
    Disk, FaultTest,
    ::testing::Values(Case{"InputOutputErrorOnce", {.code = ErrorCode::kDataLoss}},
                      Case{"InputOutputErrorForAWhile", {.code = ErrorCode::kDataLoss, .times = 4}},
                      Case{"FullWithAShortWrite",
                           {.code = ErrorCode::kResourceExhausted, .write_first_bytes = 57, .times = 3}},
                      Case{"WrittenAndYetAnError",
                           {.code = ErrorCode::kDataLoss, .write_first_bytes = SIZE_MAX}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace invar::components::pyroscope_write
