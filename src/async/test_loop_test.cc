#include "async/testing/test_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace invar::async::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(TestLoop, AdvanceRunsEachTimerAtItsOwnInstant) {
  TestLoop loop;
  const TimePoint start = loop.now();
  std::vector<std::pair<int, Duration>> fired;
  const auto note = [&](int n) { return [&, n] { fired.emplace_back(n, loop.now() - start); }; };
  loop.schedule_after(3s, note(3));
  loop.schedule_after(1s, [&] {
    note(1)();
    loop.schedule_after(1s, note(2));  // made on the way, still due
  });
  loop.schedule_after(10s, note(10));
  loop.advance(5s);
  EXPECT_THAT(fired, ElementsAre(std::pair(1, 1s), std::pair(2, 2s), std::pair(3, 3s)));
  EXPECT_EQ(loop.now() - start, 5s);
  EXPECT_EQ(loop.pending_timers(), 1u);
  EXPECT_TRUE(loop.advance_to_next_timer());
  EXPECT_EQ(loop.now() - start, 10s);
  EXPECT_FALSE(loop.advance_to_next_timer());
}

TEST(TestLoop, WallClockFollowsAndCanBeSet) {
  TestLoop loop;
  EXPECT_EQ(format_rfc3339(loop.unix_ns()), "2026-01-01T00:00:00Z");
  loop.advance(90s);
  EXPECT_EQ(format_rfc3339(loop.unix_ns()), "2026-01-01T00:01:30Z");
  const TimePoint before = loop.now();
  loop.set_unix_ns(5);
  EXPECT_EQ(loop.now(), before);
  loop.advance(1s);
  EXPECT_EQ(loop.unix_ns(), 1'000'000'005);
}

TEST(TestLoop, PostedTasksRunBeforeTimersOfTheSameInstant) {
  TestLoop loop;
  std::vector<int> order;
  loop.schedule_at(loop.now(), [&] { order.push_back(2); });
  loop.post([&] {
    order.push_back(0);
    loop.post([&] { order.push_back(1); });
  });
  EXPECT_TRUE(order.empty());
  loop.run_until_idle();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(TestLoop, TimersCancel) {
  TestLoop loop;
  Timer timer(loop);
  timer.arm_after(1s, [] { FAIL(); });
  timer.cancel();
  EXPECT_EQ(loop.pending_timers(), 0u);
  loop.advance(2s);
}

TEST(TestLoop, PollsDescriptors) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  TestLoop loop;
  int calls = 0;
  const Loop::WatchId id = loop.watch_readable(reader.get(), [&] {
    char byte;
    ASSERT_EQ(::read(reader.get(), &byte, 1), 1);
    ++calls;
  });
  loop.run_until_idle();
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(::write(writer.get(), "ab", 2), 2);
  loop.run_until_idle();
  EXPECT_EQ(calls, 2);
  loop.unwatch(id);
  ASSERT_EQ(::write(writer.get(), "c", 1), 1);
  loop.run_until_idle();
  EXPECT_EQ(calls, 2);
}

TEST(InlineWorkerPool, RunsWhenTheLoopTurns) {
  TestLoop loop;
  InlineWorkerPool pool(loop);
  std::vector<int> order;
  pool.run([] { return 1; }, [&](int n) { order.push_back(n); });
  pool.run([] { return 2; }, [&](int n) { order.push_back(n); });
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_TRUE(order.empty());
  loop.run_until_idle();
  EXPECT_THAT(order, ElementsAre(1, 2));
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(InlineWorkerPool, PausedJobsWait) {
  TestLoop loop;
  InlineWorkerPool pool(loop);
  int done = 0;
  pool.set_paused(true);
  for (int i = 0; i < 3; ++i) pool.submit([] {}, [&] { ++done; });
  loop.advance(1h);
  EXPECT_EQ(done, 0);
  EXPECT_EQ(pool.queued(), 3u);
  pool.set_paused(false);
  loop.run_until_idle();
  EXPECT_EQ(done, 3);
}

TEST(InlineWorkerPool, DroppedJobsDoNotRun) {
  TestLoop loop;
  {
    InlineWorkerPool pool(loop);
    pool.submit([] { FAIL(); }, [] { FAIL(); });
  }
  loop.run_until_idle();
}

}  // namespace
}  // namespace invar::async::testing
