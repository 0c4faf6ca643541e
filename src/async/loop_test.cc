#include "async/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/worker_pool.h"
#include "base/unique_fd.h"

namespace invar::async {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct RealLoopTest : ::testing::Test {
  std::unique_ptr<RealLoop> loop = RealLoop::create();
  void stop_when_done() {
    loop->post([this] { loop->stop(); });
  }
};

TEST_F(RealLoopTest, TasksRunInTheOrderPosted) {
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    loop->post([&, i] {
      order.push_back(i);
      if (i == 0) {
        loop->post([&] {
          order.push_back(10);
          loop->stop();
        });
      }
    });
  }
  loop->run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 10));
}

TEST_F(RealLoopTest, TimersRunByDeadlineThenByAge) {
  std::vector<int> order;
  const TimePoint base = loop->now();
  loop->schedule_at(base + 3ms, [&] { order.push_back(3); });
  loop->schedule_at(base + 1ms, [&] { order.push_back(1); });
  loop->schedule_at(base + 1ms, [&] { order.push_back(2); });
  loop->schedule_at(base - 1s, [&] { order.push_back(0); });
  loop->schedule_at(base + 5ms, [&] { loop->stop(); });
  loop->run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
  EXPECT_GE(loop->now(), base + 5ms);
}

TEST_F(RealLoopTest, CancelledTimerDoesNotRunAndFreesItsTask) {
  const auto held = std::make_shared<int>();
  const Loop::TimerId id = loop->schedule_after(1ms, [held] { FAIL(); });
  loop->cancel(id);
  EXPECT_EQ(held.use_count(), 1);
  loop->cancel(id);
  loop->cancel(12345);
  loop->schedule_after(3ms, [&] { loop->stop(); });
  loop->run();
}

TEST_F(RealLoopTest, ATimerThatRearmsItselfForNowLetsOthersRun) {
  int turns = 0;
  std::move_only_function<void()> again = [&] {
    ++turns;
    loop->schedule_at(loop->now(), [&] { again(); });
  };
  again();
  loop->post([&] { loop->schedule_after(1ms, [&] { loop->stop(); }); });
  loop->run();
  EXPECT_GT(turns, 1);
}

TEST_F(RealLoopTest, TensOfThousandsOfTimersAreCheap) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<Loop::TimerId> ids;
  int fired = 0;
  for (int i = 0; i < 50'000; ++i) {
    ids.push_back(loop->schedule_after(i % 2 ? 1ms * (i % 7) : 1h, [&] { ++fired; }));
  }
  for (int i = 0; i < 50'000; i += 2) loop->cancel(ids[static_cast<std::size_t>(i)]);
  loop->schedule_after(10ms, [&] { loop->stop(); });
  loop->run();
  EXPECT_EQ(fired, 25'000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST_F(RealLoopTest, PostFromOtherThreads) {
  std::atomic<int> posted = 0;
  int ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        ++posted;
        loop->post([&] {
          if (++ran == 2000) loop->stop();
        });
      }
    });
  }
  loop->run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 2000);
}

TEST_F(RealLoopTest, StopFromAnotherThreadEndsRun) {
  std::thread other([&] { loop->stop(); });
  loop->run();
  other.join();
}

TEST_F(RealLoopTest, RunAgainAfterStop) {
  for (int i = 0; i < 2; ++i) {
    bool ran = false;
    loop->post([&] { ran = true; });
    stop_when_done();
    loop->run();
    EXPECT_TRUE(ran);
  }
}

TEST_F(RealLoopTest, KnowsItsThread) {
  bool inside = false;
  bool elsewhere = true;
  std::thread runner([&] {
    loop->post([&] {
      inside = loop->on_loop_thread();
      std::thread([&] { elsewhere = loop->on_loop_thread(); }).join();
      loop->stop();
    });
    loop->run();
  });
  runner.join();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(elsewhere);
}

TEST_F(RealLoopTest, WatchIsLevelTriggeredUntilUnwatched) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  int calls = 0;
  Loop::WatchId id = 0;
  id = loop->watch_readable(reader.get(), [&] {
    ++calls;
    char byte;
    if (calls == 3) {  // two calls left it unread
      EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
    }
    if (calls == 4) {
      loop->unwatch(id);
      loop->schedule_after(2ms, [&] { loop->stop(); });
    }
  });
  ASSERT_EQ(::write(writer.get(), "ab", 2), 2);
  loop->run();
  EXPECT_EQ(calls, 4);
}

TEST_F(RealLoopTest, WatchOutlivesTheCallersDescriptor) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  bool called = false;
  Loop::WatchId id = 0;
  id = loop->watch_readable(reader.get(), [&] {
    called = true;
    loop->unwatch(id);
    loop->stop();
  });
  reader.reset();
  writer.reset();  // end of file is readable
  loop->run();
  EXPECT_TRUE(called);
}

TEST_F(RealLoopTest, RemembersTheLongestTask) {
  loop->post([&] {
    for (const auto until = loop->now() + 5ms; loop->now() < until;) {
    }
  });
  stop_when_done();
  loop->run();
  EXPECT_GE(loop->take_longest_task(), 5ms);
  EXPECT_EQ(loop->take_longest_task(), 0ns);
}

TEST_F(RealLoopTest, DestructorDropsTasksThatTouchTheLoop) {
  const auto held = std::make_shared<int>();
  struct Owner {
    Loop* loop;
    std::shared_ptr<int> held;
    Timer timer{*loop};
    ~Owner() {
      loop->post([] {});
      loop->schedule_after(1s, [] {});
    }
  };
  const auto owner = [&] {
    auto made = std::make_unique<Owner>(loop.get(), held);
    made->timer.arm_after(1h, [] {});
    return made;
  };
  loop->post([o = owner()] {});
  loop->schedule_after(1h, [o = owner()] {});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  loop->watch_readable(reader.get(), [o = std::shared_ptr(owner())] {});
  EXPECT_EQ(held.use_count(), 4);
  loop.reset();
  EXPECT_EQ(held.use_count(), 1);
}

struct TimerTest : RealLoopTest {};

TEST_F(TimerTest, ArmingAgainReplaces) {
  std::vector<int> fired;
  Timer timer(*loop);
  EXPECT_FALSE(timer.armed());
  timer.arm_after(1ms, [&] { fired.push_back(1); });
  timer.arm_after(2ms, [&] {
    EXPECT_FALSE(timer.armed());
    fired.push_back(2);
    timer.arm_after(1ms, [&] { loop->stop(); });
  });
  EXPECT_TRUE(timer.armed());
  loop->run();
  EXPECT_THAT(fired, ElementsAre(2));
}

TEST_F(TimerTest, DestructorCancelsAlsoAfterAMove) {
  {
    Timer first(*loop);
    first.arm_after(1ms, [] { FAIL(); });
    const Timer second = std::move(first);
    EXPECT_TRUE(second.armed());
    EXPECT_FALSE(first.armed());
  }
  loop->schedule_after(3ms, [&] { loop->stop(); });
  loop->run();
}

TEST_F(TimerTest, CallbackMayDestroyItsTimer) {
  auto timer = std::make_unique<Timer>(*loop);
  timer->arm_after(1ms, [&] {
    timer.reset();
    loop->stop();
  });
  loop->run();
  EXPECT_EQ(timer, nullptr);
}

TEST(Alive, CallbacksBecomeHarmless) {
  int calls = 0;
  std::move_only_function<void(int)> callback;
  {
    const Alive alive;
    callback = alive.bind([&, only = std::make_unique<int>(1)](int n) { calls += n * *only; });
    callback(2);
  }
  callback(3);
  EXPECT_EQ(calls, 2);
}

TEST(Alive, EndStopsCallbacksEarly) {
  int calls = 0;
  Alive alive;
  auto callback = alive.bind([&] { ++calls; });
  alive.end();
  callback();
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(alive.token().expired());
}

TEST_F(RealLoopTest, WorkerPoolRunsWorkElsewhereAndDoneOnTheLoop) {
  const auto pool = make_worker_pool(*loop, 2, "worker");
  int left = 100;
  std::int64_t sum = 0;
  for (int i = 0; i < 100; ++i) {
    pool->run(
        [this, i, buffer = std::make_unique<int>(i)] {
          EXPECT_FALSE(loop->on_loop_thread());
          return *buffer + i;
        },
        [&](int twice) {
          EXPECT_TRUE(loop->on_loop_thread());
          sum += twice;
          if (--left == 0) loop->stop();
        });
  }
  loop->run();
  EXPECT_EQ(sum, 9900);
  EXPECT_EQ(pool->queued(), 0u);
}

TEST(LoopShareTest, AQuarterOfEachTenthOfASecond) {
  using std::chrono::milliseconds;
  LoopShare share;
  const TimePoint start = TimePoint(milliseconds(12345));
  EXPECT_TRUE(share.left(start));
  share.spend(milliseconds(24));
  EXPECT_TRUE(share.left(start + milliseconds(24)));
  share.spend(milliseconds(1));
  EXPECT_FALSE(share.left(start + milliseconds(25)));
  EXPECT_FALSE(share.left(start + milliseconds(99)));
  EXPECT_TRUE(share.left(start + milliseconds(100)));
}

TEST_F(RealLoopTest, BriefWorkIsDoneHereUntilTheShareIsSpent) {
  const auto pool = make_worker_pool(*loop, 1, "worker");
  int done = 0, submitted = 0;
  bool looping = false;
  for (; submitted < 100 && done == submitted; ++submitted) {
    pool->run_brief(
        [here = std::this_thread::get_id()] {
          const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
          while (std::chrono::steady_clock::now() < until) {
          }
          return std::this_thread::get_id() == here;
        },
        [&](bool was_here) {
          ++done;
          EXPECT_EQ(was_here, !looping);
          if (looping) loop->stop();
        });
  }
  EXPECT_GE(done, 1);
  ASSERT_EQ(submitted, done + 1) << "the last one was left to a thread";
  looping = true;
  loop->run();
  EXPECT_EQ(done, submitted);
}

TEST_F(RealLoopTest, WorkerPoolCallsASecondThreadForABacklogOnly) {
  const auto pool = make_worker_pool(*loop, 2, "worker", 2);
  std::atomic<bool> started = false;
  std::atomic<int> left = 3;
  pool->submit(
      [&] {
        started = true;
        started.notify_all();
        for (int now; (now = left) > 0;) left.wait(now);  // ends when the second thread has done the others
      },
      [&] { loop->stop(); });
  started.wait(false);
  const auto submit = [&] {
    pool->submit(
        [&] {
          --left;
          left.notify_all();
        },
        [] {});
  };
  submit();
  submit();
  EXPECT_EQ(pool->queued(), 2u);
  submit();
  loop->run();
  EXPECT_EQ(pool->queued(), 0u);
}

TEST_F(RealLoopTest, WorkerPoolStartsInOrderAndDropsTheRestWhenDestroyed) {
  auto pool = make_worker_pool(*loop, 1, "worker-with-a-very-long-name");
  std::atomic<bool> started = false;
  std::atomic<bool> go_on = false;
  const auto held = std::make_shared<int>();
  pool->submit(
      [&] {
        started = true;
        started.notify_all();
        go_on.wait(false);
      },
      [] {});
  pool->submit([held] { FAIL(); }, [held] { FAIL(); });
  started.wait(false);
  EXPECT_EQ(pool->queued(), 1u);
  // The first job ends only when the second was dropped, so the second can never start.
  struct Releaser {
    std::atomic<bool>* flag;
    ~Releaser() {
      *flag = true;
      flag->notify_all();
    }
  };
  pool->submit([held, releaser = std::make_unique<Releaser>(&go_on)] { FAIL(); }, [] {});
  std::thread([&] { pool.reset(); }).join();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace invar::async
