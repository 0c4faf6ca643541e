// What every engine of component::Cluster promises: one suite, run over each with REGISTER_CLUSTER_CONFORMANCE(Engine). For tests.
//
// Engine (in virtual time): loop(); start(n, Sizes) makes node n and lets it take part; stop(n, done); forget(n) ends it without a word,
// as a crash does; cut(n, bool) takes it off the network; node(n) is its component::Cluster; name(n), address(n).
//   kSettles       after which a start or stop has settled
//   kTakesOver     after which a crash or a cut has settled
//   kOwnsWhileCut  a node that hears nobody owns everything, or nothing
//   kNeverTwice    no key has two owners, not even before things settle
//   kOnlyWhatMust  when a node goes, its keys move and no other; else some 2 % may
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "async/testing/test_loop.h"
#include "component/cluster.h"

namespace invar::cluster::testing {

struct Sizes {
  std::size_t minimum = 0;
  Duration timeout{};
};

template <class Engine>
class ClusterConformance : public ::testing::Test {
 protected:
  using Owners = std::map<int, int>;  // keys by how many nodes own them

  static constexpr int kKeys = 200;
  static std::uint64_t key(int i) { return static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15 + 1; }

  component::Cluster& start(int n, Sizes sizes = {}) {
    engine_.start(n, sizes);
    here_.insert(n);
    return engine_.node(n);
  }
  void stop(int n) {
    engine_.stop(n, [this, n] { engine_.loop().post([this, n] { forget(n); }); });
  }
  void forget(int n) {
    if (here_.erase(n) > 0) engine_.forget(n);
  }
  void start_three(Sizes sizes = {}) {
    for (int n = 0; n < 3; ++n) start(n, sizes);
  }
  Owners owners(int keys = kKeys) {
    Owners out;
    for (int i = 0; i < keys; ++i) {
      int owners = 0;
      for (const int n : here_) owners += engine_.node(n).ownership()->owns(key(i)) ? 1 : 0;
      ++out[owners];
    }
    return out;
  }
  // Goes on in small steps; looks at each of them whether a key has two owners, where that is promised.
  void advance(Duration by) {
    constexpr Duration kStep = std::chrono::milliseconds(100);
    for (; by > Duration::zero(); by -= kStep) {
      engine_.loop().advance(kStep);
      if (!Engine::kNeverTwice) continue;
      for (const auto& [count, keys] : owners(kKeys / 4))
        ASSERT_LE(count, 1) << keys << " keys have several owners";
    }
  }
  // Each key has one owner, and all nodes name it.
  void expect_shared_out() {
    EXPECT_EQ(owners(), (Owners{{1, kKeys}}));
    for (int i = 0; i < kKeys; ++i) {
      std::set<std::string> named;
      for (const int n : here_) {
        const auto ownership = engine_.node(n).ownership();
        named.insert(std::string(ownership->owner(key(i))));
        EXPECT_EQ(ownership->owns(key(i)), ownership->owner(key(i)) == engine_.name(n));
      }
      EXPECT_EQ(named.size(), 1U) << "all name the same owner";
    }
  }
  std::vector<std::string> all_owners() {
    std::vector<std::string> out;
    for (int i = 0; i < kKeys; ++i) out.emplace_back(engine_.node(*here_.begin()).ownership()->owner(key(i)));
    return out;
  }

  Engine engine_;
  std::set<int> here_;
};
TYPED_TEST_SUITE_P(ClusterConformance);

TYPED_TEST_P(ClusterConformance, NobodyOwnsAnythingBeforeItIsReady) {
  component::Cluster& alone = this->start(0);
  EXPECT_FALSE(alone.ready());
  EXPECT_EQ(alone.ownership()->owner(7), "");
  EXPECT_FALSE(alone.ownership()->owns(7));
  EXPECT_EQ(this->owners(), (std::map<int, int>{{0, this->kKeys}}));
}

TYPED_TEST_P(ClusterConformance, ANodeThatIsAloneOwnsEverything) {
  component::Cluster& alone = this->start(0);
  this->advance(TypeParam::kTakesOver);
  EXPECT_TRUE(alone.ready());
  this->expect_shared_out();
  EXPECT_EQ(alone.ownership()->owner(7), this->engine_.name(0));
}

TYPED_TEST_P(ClusterConformance, NodesThatStartTogetherShareTheKeys) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  this->expect_shared_out();
  std::map<std::string, int> shares;
  for (const auto& owner : this->all_owners()) ++shares[owner];
  EXPECT_EQ(shares.size(), 3U);
  for (const auto& [owner, keys] : shares) EXPECT_GT(keys, this->kKeys / 6) << owner;
}

TYPED_TEST_P(ClusterConformance, PeersAreAllNodesByName) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  for (int n = 0; n < 3; ++n) {
    const auto peers = this->engine_.node(n).peers();
    ASSERT_EQ(peers.size(), 3U);
    for (int other = 0; other < 3; ++other) {
      EXPECT_EQ(peers[other].name, this->engine_.name(other));
      EXPECT_EQ(peers[other].address, this->engine_.address(other));
      EXPECT_EQ(peers[other].state, "participant");
      EXPECT_EQ(peers[other].is_self, n == other);
    }
  }
}

TYPED_TEST_P(ClusterConformance, OneThatComesTakesItsShareAndNothingElseMoves) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  const auto before = this->all_owners();
  this->start(3);
  this->advance(TypeParam::kSettles);
  this->expect_shared_out();
  const auto after = this->all_owners();
  int moved = 0;
  for (int i = 0; i < this->kKeys; ++i) {
    if (before[i] == after[i]) continue;
    ++moved;
    EXPECT_EQ(after[i], this->engine_.name(3));
  }
  EXPECT_GT(moved, this->kKeys / 8);
  EXPECT_LT(moved, this->kKeys * 2 / 5);
}

TYPED_TEST_P(ClusterConformance, OneThatStopsGivesItsKeysToTheOthers) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  const auto before = this->all_owners();
  this->stop(1);
  this->advance(TypeParam::kSettles);
  EXPECT_FALSE(this->here_.contains(1)) << "it has left";
  this->expect_shared_out();
  const auto after = this->all_owners();
  int besides = 0;
  for (int i = 0; i < this->kKeys; ++i) {
    const bool was_its_own = before[i] == this->engine_.name(1);
    EXPECT_TRUE(!was_its_own || before[i] != after[i]);
    besides += !was_its_own && before[i] != after[i];
  }
  EXPECT_LE(besides, TypeParam::kOnlyWhatMust ? 0 : this->kKeys / 20);
  EXPECT_EQ(this->engine_.node(0).peers().size(), 2U);
}

TYPED_TEST_P(ClusterConformance, OneThatDiesIsTakenOver) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  this->forget(2);
  EXPECT_GT(this->owners()[0], 0);
  this->advance(TypeParam::kTakesOver);
  this->expect_shared_out();
}

TYPED_TEST_P(ClusterConformance, OneThatIsCutOffComesBack) {
  this->start_three();
  this->advance(TypeParam::kSettles);
  this->engine_.cut(2, true);
  this->advance(TypeParam::kTakesOver);
  this->here_.erase(2);
  this->expect_shared_out();
  EXPECT_EQ(this->engine_.node(2).ownership()->owns(7), TypeParam::kOwnsWhileCut);
  this->here_.insert(2);
  this->engine_.cut(2, false);
  this->advance(TypeParam::kTakesOver + TypeParam::kSettles);
  this->expect_shared_out();
}

TYPED_TEST_P(ClusterConformance, ListenersHearOfChangesAtMostOnceASecond) {
  component::Cluster& first = this->start(0);
  std::vector<async::TimePoint> heard;
  std::shared_ptr<const component::Ownership> last = first.ownership();
  auto subscription = first.on_change([&] {
    heard.push_back(this->engine_.loop().now());
    last = first.ownership();
  });
  this->advance(TypeParam::kTakesOver);
  EXPECT_TRUE(last->owns(7)) << "told of the first";
  heard.clear();
  for (int n = 1; n < 8; ++n) {
    this->start(n);
    this->advance(std::chrono::milliseconds(300));
  }
  this->advance(TypeParam::kSettles + std::chrono::seconds(2));
  EXPECT_GE(heard.size(), 1U);
  for (std::size_t i = 1; i < heard.size(); ++i) EXPECT_GE(heard[i] - heard[i - 1], std::chrono::seconds(1));
  for (int i = 0; i < this->kKeys; ++i)
    EXPECT_EQ(last->owner(this->key(i)), first.ownership()->owner(this->key(i))) << "told of the last";

  const auto times = heard.size();
  subscription.reset();
  this->forget(5);
  this->advance(TypeParam::kTakesOver);
  EXPECT_EQ(heard.size(), times);
}

TYPED_TEST_P(ClusterConformance, AnOwnershipIsAPictureOfOneInstant) {
  component::Cluster& first = this->start(0);
  this->advance(TypeParam::kTakesOver);
  const auto picture = first.ownership();
  this->start(1);
  this->advance(TypeParam::kSettles);
  for (int i = 0; i < this->kKeys; ++i) EXPECT_TRUE(picture->owns(this->key(i)));
  EXPECT_FALSE(this->engine_.node(1).ownership()->owns(this->key(0)) &&
               first.ownership()->owns(this->key(0)));
}

TYPED_TEST_P(ClusterConformance, TooFewNodesWait) {
  this->start(0, {.minimum = 3});
  this->start(1, {.minimum = 3});
  this->advance(std::chrono::minutes(2));
  EXPECT_EQ(this->owners(), (std::map<int, int>{{0, this->kKeys}}));
  EXPECT_FALSE(this->engine_.node(0).ready());
  this->start(2, {.minimum = 3});
  this->advance(TypeParam::kSettles);
  this->expect_shared_out();
  this->forget(2);
  this->advance(TypeParam::kTakesOver);
  EXPECT_EQ(this->owners(), (std::map<int, int>{{0, this->kKeys}})) << "lost again";
}

TYPED_TEST_P(ClusterConformance, WaitingForNodesHasALimitWhereOneIsSet) {
  this->start(0, {.minimum = 3, .timeout = std::chrono::minutes(1)});
  this->advance(std::chrono::seconds(59));
  EXPECT_FALSE(this->engine_.node(0).ready());
  this->advance(std::chrono::seconds(2));
  this->expect_shared_out();
}

TYPED_TEST_P(ClusterConformance, WhateverNodesDoEachKeyHasOneOwnerInTheEnd) {
  for (const unsigned seed : {1U, 2U}) {
    SCOPED_TRACE(seed);
    std::mt19937 chance(seed);
    int next = 10 * static_cast<int>(seed);
    for (int step = 0; step < 25; ++step) {
      const int what = static_cast<int>(chance() % 3);
      const auto some =
          this->here_.empty() ? 0 : *std::next(this->here_.begin(), chance() % this->here_.size());
      if (this->here_.size() < 3 || (what == 0 && this->here_.size() < 7)) {
        this->start(next++);
      } else if (what == 1) {
        this->stop(some);
        this->advance(TypeParam::kSettles);
      } else {
        this->forget(some);
      }
      this->advance(std::chrono::milliseconds(100 * (chance() % 40)));
    }
    this->advance(TypeParam::kTakesOver + TypeParam::kSettles);
    this->expect_shared_out();
  }
}

REGISTER_TYPED_TEST_SUITE_P(ClusterConformance, NobodyOwnsAnythingBeforeItIsReady,
                            ANodeThatIsAloneOwnsEverything, NodesThatStartTogetherShareTheKeys,
                            PeersAreAllNodesByName, OneThatComesTakesItsShareAndNothingElseMoves,
                            OneThatStopsGivesItsKeysToTheOthers, OneThatDiesIsTakenOver,
                            OneThatIsCutOffComesBack, ListenersHearOfChangesAtMostOnceASecond,
                            AnOwnershipIsAPictureOfOneInstant, TooFewNodesWait,
                            WaitingForNodesHasALimitWhereOneIsSet, WhateverNodesDoEachKeyHasOneOwnerInTheEnd);

}  // namespace invar::cluster::testing
