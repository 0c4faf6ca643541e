#include "ebpf/engine_hub.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::ebpf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Machine {
  int engines = 0, started = 0, given_up = 0;
  std::vector<int> rates;  // that were asked for
  OwnerOf owner_of;
};

// Each collect() finds one sample of each of the processes 1 to 3.
class FakeEngine final : public Source {
 public:
  FakeEngine(Machine& machine, OwnerOf owner_of) : machine_(machine) {
    ++machine_.engines;
    ++machine_.started;
    machine_.owner_of = std::move(owner_of);
  }
  ~FakeEngine() override { --machine_.engines; }
  [[nodiscard]] int wake_fd() const override { return -1; }
  bool poll() override { return false; }
  std::vector<Stack> collect() override {
    std::vector<Stack> out;
    for (const int pid : {1, 2, 3})
      if (OwnerPtr owner = machine_.owner_of(pid))
        out.push_back({.owner = std::move(owner), .pid = pid, .samples = 1});
    return out;
  }
  void reassign(OwnerOf owner_of) override { machine_.owner_of = std::move(owner_of); }
  [[nodiscard]] bool can_take(const EngineSettings& s) const override {
    return s.programs.off_cpu_threshold == 0;
  }
  Result<> take(const EngineSettings& s) override {
    machine_.rates.push_back(s.programs.sample_rate);
    return {};
  }
  [[nodiscard]] EngineStatus status() const override { return {}; }
  void give_up() override { ++machine_.given_up; }

 private:
  Machine& machine_;
};

class EngineHubTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> join(std::vector<int> pids, EngineSettings settings = {}) {
    auto joined = hub_.join(settings, owners(std::move(pids)));
    EXPECT_TRUE(joined);
    return std::move(*joined);
  }
  OwnerOf owners(std::vector<int> pids) {
    return [this, pids = std::move(pids)](int pid) {
      return std::ranges::find(pids, pid) != pids.end() ? owner_ : nullptr;
    };
  }
  static std::vector<int> pids_of(const std::vector<Stack>& stacks) {
    std::vector<int> pids;
    for (const Stack& stack : stacks) pids.push_back(stack.pid);
    return pids;
  }

  Machine machine_;
  OwnerPtr owner_ = std::make_shared<Owner>();
  EngineHub hub_{[this](const EngineSettings&, OwnerOf owner_of) -> Result<std::unique_ptr<Source>> {
    return std::make_unique<FakeEngine>(machine_, std::move(owner_of));
  }};
};

TEST_F(EngineHubTest, GivesEachWhatIsItsOwn) {
  auto one = join({1, 2}), other = join({2, 3});
  EXPECT_EQ(machine_.engines, 1);
  const auto stacks = one->collect();
  EXPECT_THAT(pids_of(stacks), ElementsAre(1, 2));
  EXPECT_EQ(stacks[0].owner, owner_);
  EXPECT_THAT(pids_of(other->collect()), ElementsAre(2, 3, 2, 3)) << "what the first one's interval had, too";
  other->reassign(owners({}));
  EXPECT_THAT(pids_of(other->collect()), IsEmpty());
  EXPECT_THAT(pids_of(one->collect()), ElementsAre(1, 2, 1, 2, 1, 2));
}

TEST_F(EngineHubTest, WhatWaitsHasRoomForSoMuchAndIsCountedBeyond) {
  const EngineSettings settings{.most_stack_bytes = 10 * sizeof(Stack)};
  auto one = join({1, 2, 3}, settings), idle = join({2}, settings);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one->collect().size(), 3u);
  EXPECT_EQ(one->status().refused_records, 0u);
  EXPECT_EQ(idle->status().refused_records, 90u);
  EXPECT_EQ(idle->collect().size(), 10u);
  EXPECT_EQ(idle->collect().size(), 1u) << "there is room again";
}

TEST_F(EngineHubTest, SamplesAtTheHighestRate) {
  auto slow = join({1}, {.programs = {.sample_rate = 19}});
  auto fast = join({1}, {.programs = {.sample_rate = 97}});
  EXPECT_EQ(machine_.engines, 1);
  EXPECT_THAT(machine_.rates, ElementsAre(97));
  EXPECT_TRUE(fast->take({.programs = {.sample_rate = 50}}));
  fast.reset();
  EXPECT_THAT(machine_.rates, ElementsAre(97, 50, 19));
  EXPECT_THAT(pids_of(slow->collect()), ElementsAre(1));
}

TEST_F(EngineHubTest, StartsAnotherForOtherNames) {
  auto one = join({1});
  auto other = join({1}, {.naming = {.demangling = Demangling::kFull}});
  EXPECT_EQ(machine_.engines, 2);
  EXPECT_TRUE(one->can_take({.naming = {.demangling = Demangling::kFull}})) << "it is alone there";
  auto third = join({2});
  EXPECT_EQ(machine_.engines, 2);
  EXPECT_FALSE(one->can_take({.naming = {.demangling = Demangling::kFull}})) << "the third wants none";
}

TEST_F(EngineHubTest, EndsItWithTheLast) {
  auto one = join({1}), other = join({2});
  one.reset();
  EXPECT_EQ(machine_.engines, 1);
  EXPECT_THAT(pids_of(other->collect()), ElementsAre(2));
  other.reset();
  EXPECT_EQ(machine_.engines, 0);
  auto again = join({1});
  EXPECT_EQ(machine_.started, 2);
}

TEST_F(EngineHubTest, GivesUpWithTheLastThatCaresForIt) {
  auto one = join({1}), other = join({2});
  one->give_up();
  one->give_up();
  EXPECT_EQ(machine_.given_up, 0);
  EXPECT_THAT(pids_of(other->collect()), ElementsAre(2));
  other->give_up();
  EXPECT_EQ(machine_.given_up, 1);
  auto third = join({3});
  EXPECT_EQ(machine_.started, 2) << "the first one is about to end";
  one.reset();
  other.reset();
  EXPECT_EQ(machine_.engines, 1);
  EXPECT_THAT(pids_of(third->collect()), ElementsAre(3));
}

}  // namespace
}  // namespace invar::ebpf
