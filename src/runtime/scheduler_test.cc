#include "runtime/scheduler.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "async/testing/test_loop.h"

namespace invar::runtime {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A task that says when it starts and stops, and stops at once or when it is told to.
class FakeTask : public Runnable {
 public:
  FakeTask(std::string id, std::vector<std::string>& events) : id_(std::move(id)), events_(&events) {}
  ~FakeTask() override { events_->push_back("destroy " + id_); }
  const std::string& task_id() const override { return id_; }
  bool can_start() const override { return ready; }
  void start_task() override { events_->push_back("start " + id_); }
  void stop_task(async::Task done) override {
    events_->push_back("stop " + id_);
    if (hold)
      held_ = std::move(done);
    else
      done();  // inside the call, which is allowed
  }
  void task_ended(const std::optional<Error>& error) override {
    events_->push_back("ended " + id_ + (error ? ": " + error->message : ""));
  }
  void release() { held_(); }

  bool ready = true, hold = false;

 private:
  std::string id_;
  std::vector<std::string>* events_;
  async::Task held_;
};

class SchedulerTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeTask> task(const std::string& id) { return std::make_shared<FakeTask>(id, events); }
  std::unique_ptr<Scheduler> make(Duration deadline = minutes(10)) {
    auto sink = log::Sink::create([this](std::string_view line) { log.append(line); });
    sink->configure({});
    return std::make_unique<Scheduler>(loop, log::Logger(sink), deadline,
                                       [this] { events.push_back("settled"); });
  }
  std::vector<std::string> take() { return std::exchange(events, {}); }

  async::testing::TestLoop loop;
  std::vector<std::string> events;
  std::string log;
};

TEST_F(SchedulerTest, StartsGroupsInOrderAndLeavesRunningOnesAlone) {
  auto scheduler = make();
  auto a = task("a"), b = task("b");
  scheduler->synchronize({{a, b}});
  EXPECT_THAT(take(), ElementsAre("start a", "start b"));
  scheduler->synchronize({{b}, {a}});
  loop.run_until_idle();
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(SchedulerTest, WhatCannotStartYetIsStartedWhenItCan) {
  auto scheduler = make();
  auto a = task("a");
  a->ready = false;
  scheduler->synchronize({{a}});
  EXPECT_THAT(take(), IsEmpty());
  a->ready = true;
  scheduler->start_ready();
  scheduler->start_ready();
  EXPECT_THAT(take(), ElementsAre("start a"));
}

TEST_F(SchedulerTest, StopsOneAfterTheOtherWithinAGroupAndGroupsSideBySide) {
  auto scheduler = make();
  auto a = task("a"), b = task("b"), c = task("c");
  a->hold = b->hold = c->hold = true;
  scheduler->synchronize({{a, b}, {c}});
  take();
  bool done = false;
  scheduler->stop_all([&] { done = true; });
  loop.run_until_idle();
  EXPECT_THAT(take(), ElementsAre("stop b", "stop c"));
  EXPECT_TRUE(scheduler->is_stopping("a"));
  b->release();
  loop.run_until_idle();
  EXPECT_THAT(take(), ElementsAre("ended b", "stop a"));
  EXPECT_FALSE(scheduler->is_stopping("b"));
  a->release();
  loop.run_until_idle();
  EXPECT_FALSE(done);
  c->release();
  loop.run_until_idle();
  EXPECT_TRUE(done);
}

TEST_F(SchedulerTest, StopAllOfNothingIsDoneInTheNextTurn) {
  auto scheduler = make();
  bool done = false;
  scheduler->stop_all([&] { done = true; });
  EXPECT_FALSE(done);
  loop.run_until_idle();
  EXPECT_TRUE(done);
}

TEST_F(SchedulerTest, StartsAfterAllStopsAndTellsWhenSettled) {
  auto scheduler = make();
  auto a = task("a"), b = task("b");
  a->hold = true;
  scheduler->synchronize({{a}});
  take();
  scheduler->synchronize({{b}});
  loop.run_until_idle();
  EXPECT_THAT(take(), ElementsAre("stop a"));
  a->release();
  a.reset();
  loop.run_until_idle();
  EXPECT_THAT(take(), ElementsAre("ended a", "destroy a", "settled", "start b"));
}

TEST_F(SchedulerTest, WarnsEveryMinuteAndGivesUpAtTheDeadline) {
  auto scheduler = make(seconds(150));
  auto a = task("a"), b = task("b");
  b->hold = true;
  scheduler->synchronize({{a, b}});
  take();
  bool done = false;
  scheduler->stop_all([&] { done = true; });
  loop.advance(seconds(59));
  EXPECT_EQ(log, "");
  loop.advance(seconds(1));
  EXPECT_THAT(log, HasSubstr("level=warn msg=\"task shutdown is taking longer than expected\" node=b\n"));
  log.clear();
  loop.advance(seconds(60));
  EXPECT_THAT(log, HasSubstr("level=warn msg=\"task shutdown is taking longer than expected\" node=b\n"));
  EXPECT_FALSE(done);
  loop.advance(seconds(30));
  EXPECT_TRUE(done);
  EXPECT_THAT(take(), ElementsAre("stop b", "ended b: task shutdown deadline exceeded", "stop a", "ended a"));
  EXPECT_THAT(log, HasSubstr("level=error msg=\"node exited with error\" node=b err=\"task shutdown deadline "
                             "exceeded\"\n"));
  b->release();  // too late, and harmless
  loop.run_until_idle();
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(SchedulerTest, OneDeadlineHoldsForAWholeGroup) {
  auto scheduler = make(seconds(10));
  std::vector<RunnablePtr> group;
  for (const char* id : {"a", "b", "c", "d"}) {
    auto held = task(id);
    held->hold = true;
    group.push_back(held);
  }
  scheduler->synchronize({group});
  take();
  bool done = false;
  scheduler->stop_all([&] { done = true; });
  loop.advance(seconds(10));
  EXPECT_TRUE(done);
  EXPECT_THAT(take(), ElementsAre("stop d", "ended d: task shutdown deadline exceeded", "stop c",
                                  "ended c: task shutdown deadline exceeded", "stop b",
                                  "ended b: task shutdown deadline exceeded", "stop a",
                                  "ended a: task shutdown deadline exceeded"));
}

TEST_F(SchedulerTest, ADeadlineOfZeroIsNone) {
  auto scheduler = make(Duration::zero());
  auto a = task("a");
  a->hold = true;
  scheduler->synchronize({{a}});
  bool done = false;
  scheduler->stop_all([&] { done = true; });
  loop.advance(std::chrono::hours(24));
  EXPECT_FALSE(done);
  a->release();
  loop.run_until_idle();
  EXPECT_TRUE(done);
}

TEST_F(SchedulerTest, NothingStartsOnceEverythingStops) {
  auto scheduler = make();
  auto a = task("a"), b = task("b");
  scheduler->synchronize({{a}});
  scheduler->stop_all([] {});
  scheduler->synchronize({{a}, {b}});
  scheduler->start_ready();
  loop.run_until_idle();
  EXPECT_THAT(take(), ElementsAre("start a", "stop a", "ended a"));
}

TEST_F(SchedulerTest, MayBeDestroyedWhileTasksAreStopping) {
  auto scheduler = make();
  auto a = task("a");
  a->hold = true;
  scheduler->synchronize({{a}});
  scheduler->stop_all([] { FAIL(); });
  scheduler.reset();
  a->release();
  loop.run_until_idle();
}

}  // namespace
}  // namespace invar::runtime
