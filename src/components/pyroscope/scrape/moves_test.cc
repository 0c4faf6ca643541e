// Jobs that move between nodes of a cluster, every delta counted, in virtual time: several pools, each with its own view of who owns
// what, hand over to each other without a network.
#include "components/pyroscope/scrape/moves.h"

#include <gmock/gmock.h>

#include "components/pyroscope/scrape/testing/pool_fixture.h"

namespace invar::components::pyroscope_scrape {
namespace {

using namespace testing_support;
using std::chrono::minutes;
using ::testing::HasSubstr;

constexpr int kTargets = 40;

TEST(Handed, ComesBackAsItWas) {
  const auto handed = decode_handed(encode({.last_unix_ns = 77, .baseline = nullptr}));
  ASSERT_TRUE(handed);
  EXPECT_EQ(handed->last_unix_ns, 77);
  EXPECT_EQ(handed->baseline, nullptr);
  EXPECT_FALSE(decode_handed("short"));
  EXPECT_FALSE(decode_handed("12345678 no baseline"));
}

TEST(FirstWait, KeepsThePhaseAndMakesUpForAMissedInstant) {
  constexpr Duration kInterval = seconds(16);  // steps of a quarter of a second
  constexpr UnixNanos kNow = 1'000'000 * kInterval.count();
  const auto identity = static_cast<std::uint64_t>(Duration(seconds(4)).count());  // instants at 4 s
  const auto wait = [&](Duration now, std::optional<Duration> last, Duration turn = {}) {
    return first_wait(identity, kNow + now.count(), kInterval,
                      {.last_unix_ns = last ? kNow + last->count() : 0, .baseline = nullptr, .turn = turn});
  };
  EXPECT_EQ(wait(seconds(1), std::nullopt), seconds(3)) << "nobody scraped it before";
  EXPECT_EQ(wait(seconds(5), seconds(4)), seconds(15)) << "scraped just before it was handed over";
  EXPECT_EQ(wait(seconds(1), seconds(-12)), seconds(3)) << "nothing missed";
  EXPECT_EQ(wait(milliseconds(3900), seconds(4)), seconds(16) + milliseconds(100)) << "our clock is behind";
  EXPECT_EQ(wait(seconds(5), seconds(-12)), seconds(0)) << "an instant was missed";
  EXPECT_EQ(wait(seconds(5), seconds(-12), seconds(3)), seconds(3)) << "when it is its turn";
  EXPECT_EQ(wait(seconds(19), seconds(-12), minutes(5)), seconds(1)) << "never later than the next instant";
}

// Who owns what, as one node sees it.
class View final : public component::Cluster {
 public:
  class Owners final : public component::Ownership {
   public:
    Owners(std::string self, std::vector<std::string> nodes)
        : self_(std::move(self)), nodes_(std::move(nodes)) {}
    [[nodiscard]] bool owns(std::uint64_t key) const override { return owner(key) == self_; }
    // The highest of (node, key) wins: as nodes come and go, only what must move does.
    [[nodiscard]] std::string_view owner(std::uint64_t key) const override {
      const std::string* best = nullptr;
      std::size_t highest = 0;
      for (const std::string& node : nodes_) {
        const std::size_t weight = std::hash<std::string>()(fmt::format("{} {}", node, key));
        if (best == nullptr || weight > highest) best = &node, highest = weight;
      }
      return best == nullptr ? std::string_view() : *best;
    }

   private:
    const std::string self_;
    const std::vector<std::string> nodes_;
  };

  explicit View(std::string self)
      : self_(std::move(self)), owners_(std::make_shared<Owners>(self_, std::vector<std::string>{})) {}
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override { return owners_; }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override {
    std::vector<component::ClusterPeer> out;
    for (const auto& node : known_)
      out.push_back({node, node, "participant", node == self_, !foreign.contains(node)});
    return out;
  }
  [[nodiscard]] Subscription on_change(std::function<void()> changed) override {
    auto kept = std::make_shared<const std::function<void()>>(std::move(changed));
    changed_ = kept;
    return kept;
  }
  void see(std::vector<std::string> owners, std::vector<std::string> known) {
    owners_ = std::make_shared<Owners>(self_, std::move(owners));
    known_ = std::move(known);
    if (const auto changed = changed_.lock()) (*changed)();
  }
  std::set<std::string> foreign;

 private:
  const std::string self_;
  std::vector<std::string> known_;
  std::shared_ptr<const Owners> owners_;
  std::weak_ptr<const std::function<void()>> changed_;
};

class MovesTest : public ScrapePoolTest {
 protected:
  class Wire final : public component::HandOver {
   public:
    Wire(MovesTest& test, std::string self) : test_(test), self_(std::move(self)) {}
    [[nodiscard]] Subscription serve(const std::string&, Giver& giver) override {
      giver_ = &giver;
      return std::shared_ptr<const void>(this, [this](const void*) { giver_ = nullptr; });
    }
    void take(const std::string&, const std::string& node, std::vector<std::string> keys, Pieces pieces,
              async::Task done) override {
      test_.loop_.schedule_after(
          test_.latency_,
          [this, node, keys = std::move(keys), pieces = std::move(pieces), done = std::move(done)]() mutable {
            answer(node, keys, std::move(pieces), std::move(done));
          });
    }
    void drain(Duration, async::Task) override {}
    [[nodiscard]] std::size_t waiting() const { return giver_->waiting(); }

   private:
    [[nodiscard]] bool expects(const std::vector<std::string>& keys) const {
      return std::ranges::any_of(keys, [this](const std::string& key) { return giver_->expects(key); });
    }
    void answer(const std::string& node, const std::vector<std::string>& keys, Pieces pieces,
                async::Task done) {
      std::vector<std::vector<Piece>> given;
      for (auto& [name, other] : test_.nodes_) {
        if (name == self_ || (!node.empty() && name != node) || other->wire.giver_ == nullptr) continue;
        if (other->wire.expects(keys)) {
          test_.loop_.schedule_after(milliseconds(50),
                                     [=, this, pieces = std::move(pieces), done = std::move(done)]() mutable {
                                       answer(node, keys, std::move(pieces), std::move(done));
                                     });
          return;
        }
      }
      for (auto& [name, other] : test_.nodes_) {
        if (name == self_ || (!node.empty() && name != node) || other->wire.giver_ == nullptr) continue;
        auto& of_one = given.emplace_back();
        for (const std::string& key : keys) {
          if (auto one = other->wire.giver_->give(key)) of_one.push_back({key, one->save()});
        }
        test_.given_ += of_one.size();
      }
      test_.loop_.schedule_after(test_.answer_latency_, [given = std::move(given), pieces = std::move(pieces),
                                                         done = std::move(done)]() mutable {
        for (auto& of_one : given)
          if (!of_one.empty()) pieces(std::move(of_one));
        done();
      });
    }
    MovesTest& test_;
    const std::string self_;
    Giver* giver_ = nullptr;
  };
  struct Node {
    Node(MovesTest& test, const std::string& name) : wire(test, name), view(std::make_shared<View>(name)) {
      view->set_hand_over(&wire);
    }
    Wire wire;
    std::shared_ptr<View> view;
    std::unique_ptr<metrics::Scope> scope;
    std::unique_ptr<ScrapePool> pool;
  };

  MovesTest() {
    only("memory");
    targets(kTargets);
    arguments_.clustering.enabled = true;
    // Each program counts a step of its own in every second.
    transport_->set_handler([this](const http::Request& request) {
      const auto number = std::stoll(request.url.substr(std::string("http://host").size()));
      ++scrapes_[number];
      const auto before = scraped_at_.try_emplace(number, loop_.now()).first;
      longest_ = std::max(longest_, Duration(loop_.now() - std::exchange(before->second, loop_.now())));
      const std::int64_t count = counted(number);
      first_.try_emplace(number, count);
      last_[number] = count;
      return std::optional(answer(200, "application/octet-stream",
                                  heap(count, count, Duration(loop_.now().time_since_epoch()).count() + 1)));
    });
  }
  ~MovesTest() override {
    for (auto& [name, node] : nodes_) node->pool.reset();
  }
  [[nodiscard]] std::int64_t counted(std::int64_t number) const {
    return (number + 1) * ((loop_.unix_ns() - kStart) / 1'000'000'000) + 1;
  }

  Node& start_node(const std::string& name) {
    auto& node = nodes_[name];
    node = std::make_unique<Node>(*this, name);
    node->scope = registry_->scope({{"node", name}});
    component::Options options;
    options.id = "pyroscope.scrape.t";
    options.metrics = node->scope.get();
    options.loop = &loop_;
    options.pool = options.disk_pool = &pool_workers_;
    options.files = files_;
    options.http = transport_;
    options.cluster = node->view;
    options.data_path = "/data/" + name;
    options.logger = log::Logger(sink_);
    node->pool = std::make_unique<ScrapePool>(std::move(options), arguments_, client());
    node->pool->start();
    loop_.run_until_idle();
    return *node;
  }
  void all_see(const std::vector<std::string>& owners) {
    std::vector<std::string> known;
    for (const auto& [name, node] : nodes_) known.push_back(name);
    for (const auto& [name, node] : nodes_) node->view->see(owners, known);
    loop_.run_until_idle();
  }
  // A planned stop: the others own its jobs, it waits until they were asked for, then stops.
  void leave(const std::string& name, const std::vector<std::string>& owners) {
    all_see(owners);
    loop_.advance(seconds(1));
    EXPECT_EQ(nodes_[name]->wire.waiting(), 0U);
    bool stopped = false;
    nodes_[name]->pool->stop([&] { stopped = true; });
    loop_.run_until_idle();
    EXPECT_TRUE(stopped);
    nodes_.erase(name);
    all_see(owners);
  }
  void crash(const std::string& name) { nodes_.erase(name); }

  // What the deltas of each program add up to.
  std::map<std::int64_t, std::int64_t> sums() const {
    std::map<std::int64_t, std::int64_t> out;
    for (const ProfilePtr& profile : receiver_->taken) {
      const auto instance = std::string(profile->labels.get("instance"));
      out[std::stoll(instance.substr(4))] += values_of(*profile)[0];
    }
    return out;
  }
  // Programs whose deltas are not all that they did between their first and last scrape.
  std::vector<std::string> wrong() const {
    std::vector<std::string> out;
    auto sum = sums();
    for (const auto& [number, first] : first_) {
      const std::int64_t did = last_.at(number) - first;
      if (sum[number] != did) out.push_back(fmt::format("host{}: {} of {}", number, sum[number], did));
    }
    return out;
  }
  double metric_of(const std::string& name, const std::string& labels) {
    const auto text = registry_->collect();
    const auto at = text.find(fmt::format("{}{{{}}} ", name, labels));
    return at == std::string::npos ? -1 : std::stod(text.substr(text.find(' ', at)));
  }

  std::map<std::string, std::unique_ptr<Node>> nodes_;
  Duration latency_ = milliseconds(3), answer_latency_{};
  std::size_t given_ = 0;
  std::map<std::int64_t, int> scrapes_;
  std::map<std::int64_t, async::TimePoint> scraped_at_;
  Duration longest_{};  // between two scrapes of a program
  std::map<std::int64_t, std::int64_t> first_, last_;
};

TEST_F(MovesTest, ARollingRestartLosesNoIntervalAndCountsNoneTwice) {
  for (const char* name : {"a", "b", "c"}) start_node(name);
  all_see({"a", "b", "c"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
  for (const std::string name : {"a", "b", "c"}) {
    std::vector<std::string> others = {"a", "b", "c"};
    std::erase(others, name);
    leave(name, others);
    loop_.advance(seconds(20));
    start_node(name);
    all_see({"a", "b", "c"});
    loop_.advance(seconds(20));
  }
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
  EXPECT_GE(given_, 2U * kTargets) << "each node's share moved away and back";
  EXPECT_EQ(first_.size(), std::size_t{kTargets});
  for (const auto& [number, scrapes] : scrapes_) EXPECT_NEAR(scrapes, 13, 2) << number << " in 200 s";
  EXPECT_EQ(metric_of("pyroscope_scrape_moved_jobs_total", R"(node="a",state="none")"), 0);
  EXPECT_GT(metric_of("pyroscope_scrape_given_jobs_total", R"(node="b")"), 5);
}

TEST_F(MovesTest, OfManyThatMoveThoseThatMissedTheirInstantAreMadeUpForSoon) {
  targets(1500);
  latency_ = milliseconds(500);
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  all_see({"b"});
  loop_.advance(seconds(40));
  EXPECT_EQ(given_, 1500U);
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
  // In half a second some 50 of 1,500 miss their instant in 15 s: another half, 10 ms each.
  EXPECT_GE(longest_, seconds(15) + milliseconds(250));
  EXPECT_LE(longest_, seconds(15) + milliseconds(1500));
}

TEST_F(MovesTest, AStateThatIsOnItsWayGoesOnToWhoeverOwnsItThen) {
  latency_ = answer_latency_ = milliseconds(500);
  for (const char* name : {"a", "b", "c"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  all_see({"b"});
  loop_.advance(milliseconds(300));
  all_see({"c"});  // which asks b, before a's answer is there
  loop_.advance(seconds(60));
  EXPECT_EQ(given_, 2U * kTargets);
  EXPECT_EQ(nodes_["c"]->pool->count(), std::size_t{kTargets});
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, AJobThatWasAskedForByMistakeGoesOnWithItsState) {
  latency_ = milliseconds(500);
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a", "b"});
  loop_.advance(seconds(40));
  View& mistaken = *nodes_["b"]->view;
  mistaken.see({"b"}, {"a", "b"});  // takes the other for dead, and asks it
  loop_.advance(milliseconds(100));
  mistaken.see({"a", "b"}, {"a", "b"});  // before it has answered
  loop_.advance(seconds(60));
  EXPECT_GE(given_, 10U);
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, ItDoesNotMatterWhoHearsFirst) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  // b believes that it is there, a does not yet; both make their lists anew.
  nodes_["b"]->view->see({"a", "b"}, {"a", "b"});
  loop_.advance(seconds(1));
  nodes_["a"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(1));
  nodes_["a"]->view->see({"a", "b"}, {"a", "b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
  EXPECT_GT(given_, 5U);
  // The other way around: a lets go before b knows.
  nodes_["b"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(3));
  nodes_["a"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, WhoeverAskedInVainIsNotBelievedForEver) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(20));
  nodes_["b"]->view->see({"a", "b"}, {"a", "b"});
  loop_.advance(seconds(1));
  crash("b");
  nodes_["a"]->view->see({"a"}, {"a", "b"});
  loop_.advance(minutes(1));
  EXPECT_EQ(nodes_["a"]->pool->count(), std::size_t{kTargets});
}

TEST_F(MovesTest, WhatWasAskedForByMistakeComesBack) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  // A newcomer that does not know of a yet, and learns better; a never changes its mind.
  nodes_["b"]->view->see({"b"}, {"a", "b"});
  loop_.advance(seconds(2));
  nodes_["b"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(1));
  EXPECT_EQ(given_, std::size_t{kTargets});
  loop_.advance(seconds(40));
  EXPECT_EQ(nodes_["a"]->pool->count(), std::size_t{kTargets});
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, ABriefChangeThatTheOtherNeverSawCostsNothing) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  nodes_["a"]->view->see({"a", "b"}, {"a", "b"});
  loop_.advance(seconds(2));
  nodes_["a"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, WhileNobodyOwnsThemBaselinesRest) {
  start_node("a");
  start_node("b");
  all_see({"a"});
  loop_.advance(seconds(40));
  all_see({});
  loop_.advance(minutes(5));
  EXPECT_EQ(nodes_["a"]->pool->count(), 0U);
  all_see({"b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty()) << "the next owner asks for them";
  all_see({});
  loop_.advance(minutes(1));
  all_see({"b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty()) << "or the last one has them still";
}

TEST_F(MovesTest, WhatIsSomebodysAtLastRestsForAMinuteFromThen) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(40));
  all_see({});
  loop_.advance(milliseconds(59'500));
  nodes_["a"]->view->see({"b"}, {"a", "b"});
  loop_.advance(seconds(1));
  nodes_["b"]->view->see({"b"}, {"a", "b"});
  loop_.advance(seconds(40));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, AListThatIsOvertakenAtAnyMomentCostsNothing) {
  targets(1200);  // go in several turns of the loop
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(20));
  for (int turns = 0; turns < 12; ++turns) {
    nodes_["a"]->view->see({"b"}, {"a", "b"});
    std::function<void(int)> after = [&](int left) {
      if (left > 0) return loop_.post([&after, left] { after(left - 1); });
      nodes_["a"]->view->see({"a"}, {"a", "b"});
    };
    after(turns);
    loop_.advance(seconds(1));
  }
  loop_.advance(seconds(20));
  EXPECT_THAT(wrong(), ::testing::IsEmpty());
}

TEST_F(MovesTest, ANodeThatLeavesWaitsForWhatOthersAreToTakeAndForNothingElse) {
  for (const char* name : {"a", "b"}) start_node(name);
  nodes_["a"]->view->see({"a"}, {"a", "b"});
  loop_.advance(seconds(20));
  const auto waiting = [&] { return nodes_["a"]->wire.waiting(); };
  EXPECT_EQ(waiting(), 0U) << "the others know nothing yet";
  pool_workers_.set_paused(true);
  nodes_["a"]->view->see({}, {"a", "b"});
  EXPECT_EQ(waiting(), std::size_t{kTargets}) << "though this node has not stopped it yet";
  pool_workers_.set_paused(false);
  nodes_["a"]->view->see({"b"}, {"a", "b"});
  loop_.advance(seconds(1));
  EXPECT_EQ(waiting(), std::size_t{kTargets});
  loop_.advance(seconds(10));
  EXPECT_EQ(waiting(), 0U) << "b had them all the time, as after a partition";
}

TEST_F(MovesTest, ADeathLosesOneIntervalAndTheTimeUntilItIsKnown) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a", "b"});
  loop_.advance(minutes(2));
  const auto before = sums();
  const auto last = last_;
  crash("b");
  loop_.advance(seconds(12));
  nodes_["a"]->view->see({"a"}, {"a"});
  loop_.advance(minutes(2));
  int moved = 0;
  for (const auto& [number, sum] : sums()) {
    const std::int64_t lost = last_[number] - first_[number] - sum;
    if (lost == 0) continue;
    ++moved;
    // An interval of 15 s, 12 s until it was known, and their turn.
    EXPECT_LE(lost / (number + 1), 15 + 12 + 1) << number;
  }
  EXPECT_GT(moved, 5);
  EXPECT_EQ(metric_of("pyroscope_scrape_moved_jobs_total", R"(node="a",state="none")"), moved);
}

TEST_F(MovesTest, NothingIsExpectedOfANodeThatDoesNotHandOver) {
  for (const char* name : {"a", "alloy"}) start_node(name);
  nodes_["a"]->view->foreign = {"alloy"};
  nodes_["alloy"]->view->set_hand_over(nullptr);
  all_see({"a", "alloy"});
  loop_.advance(seconds(40));
  all_see({"alloy"});
  loop_.advance(milliseconds(10));
  EXPECT_EQ(nodes_["a"]->wire.waiting(), 0U);
  loop_.advance(seconds(40));
  all_see({"a"});
  loop_.advance(seconds(40));
  for (const auto& [number, sum] : sums()) EXPECT_LT(sum, last_[number]) << "lost, but not twice";
  EXPECT_EQ(given_, 0U);
}

// The target makes the delta and would not give it again.
TEST_F(MovesTest, AScrapeThatNobodyCanRepeatComesToItsEnd) {
  only("memory");
  arguments_.profiling.memory.enabled = false;
  arguments_.profiling.godeltaprof_memory.enabled = true;
  transport_->set_handler([](const http::Request&) { return std::optional(answer(200, "", heap(1, 1))); },
                          milliseconds(200));
  targets(1);
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  while (transport_->in_flight() == 0) loop_.advance(milliseconds(50));
  all_see({"b"});
  loop_.advance(milliseconds(10));
  EXPECT_EQ(nodes_["a"]->wire.waiting(), 1U);
  EXPECT_EQ(receiver_->taken.size(), 0U);
  loop_.advance(seconds(1));
  EXPECT_EQ(receiver_->taken.size(), 1U);
  EXPECT_EQ(nodes_["a"]->wire.waiting(), 0U);
}

TEST_F(MovesTest, ALoopThatMovesLeavesNoMetricsBehind) {
  for (const char* name : {"a", "b"}) start_node(name);
  all_see({"a"});
  loop_.advance(seconds(20));
  all_see({"b"});
  loop_.advance(seconds(20));
  EXPECT_EQ(metric_of("pyroscope_scrape_baseline_bytes", R"(node="a")"), 0);
  EXPECT_EQ(metric_of("pyroscope_scrape_jobs", R"(node="b")"), kTargets);
  EXPECT_THAT(registry_->collect(),
              ::testing::Not(HasSubstr(R"(pyroscope_scrape_up{instance="host0:80",node="a")")));
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
