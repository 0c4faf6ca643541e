// Nodes that hand work over, each other's requests through a transport without a network, in virtual time.
#include "cluster/http_hand_over.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "async/testing/test_loop.h"
#include "cluster/testing/kept_answer.h"
#include "http/testing/fake_transport.h"

namespace invar::cluster {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KeptAnswer;

class SomeWork final : public component::HandOver::Giver {
 public:
  std::optional<Given> give(std::string_view key) override {
    const auto found = work.extract(std::string(key));
    if (found.empty()) return std::nullopt;
    return Given{found.mapped().size(), [state = found.mapped()] { return state; }};
  }
  [[nodiscard]] bool expects(std::string_view key) const override {
    return expected.contains(std::string(key));
  }
  [[nodiscard]] std::size_t waiting() const override { return work.size(); }
  std::map<std::string, std::string> work;
  std::set<std::string> expected;
};

class SomePeers final : public component::Cluster {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::shared_ptr<const component::Ownership> ownership() const override { return nullptr; }
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const override { return list; }
  [[nodiscard]] Subscription on_change(std::function<void()>) override { return nullptr; }
  std::vector<component::ClusterPeer> list;
};

class HttpHandOverTest : public ::testing::Test {
 protected:
  struct Node {
    std::unique_ptr<metrics::Scope> metrics;
    std::unique_ptr<HttpHandOver> hand_over;
    SomeWork work;
    component::HandOver::Subscription serving;
  };

  HttpHandOverTest() {
    transport_->set_handler([](const http::Request&) { return std::nullopt; });
    for (const char* name : {"a", "b", "c"})
      peers_.list.push_back(
          {name, fmt::format("{}:80", name), "participant", std::string_view(name) == "a", true});
    for (const char* name : {"a", "b", "c"}) start(name, "prod");
  }
  void start(const std::string& name, const std::string& cluster) {
    Node& node = nodes_[name];
    node.metrics = registry_->scope({{"node", name}});
    node.hand_over =
        std::make_unique<HttpHandOver>(loop_, pool_, peers_,
                                       HttpHandOver::Config{.client = *transport_->make_client({}, "cluster"),
                                                            .cluster_name = cluster,
                                                            .node_name = name,
                                                            .logger = log::Logger(sink_)},
                                       *node.metrics);
    node.serving = node.hand_over->serve("scrape", node.work);
  }
  // Until nobody asks any more: what was asked is answered by the node of its address; a node that is not there does not answer.
  void talk() {
    loop_.run_until_idle();
    for (std::size_t i = 0; i < transport_->exchanges().size(); ++i) {
      const auto exchange = transport_->exchanges()[i];
      const auto node = nodes_.find(exchange->request.url.substr(std::string("http://").size(), 1));
      if (!exchange->open() || node == nodes_.end()) continue;
      http::ServerRequest request;
      request.body = http::testing::body_of(exchange->request);
      node->second.hand_over->handle(
          request, std::make_shared<KeptAnswer>([exchange](http::ServerResponse response) {
            exchange->respond(http::testing::answer(response.status, "", std::move(response.body)));
          }));
      loop_.run_until_idle();
    }
  }
  void take(const std::string& from, std::vector<std::string> keys) {
    done_ = 0;
    nodes_.at("a").hand_over->take(
        "scrape", from, std::move(keys),
        [this](std::vector<component::HandOver::Piece> pieces) {
          EXPECT_EQ(done_, 0);
          for (auto& piece : pieces) got_.push_back(piece.key + "=" + piece.state.substr(0, 10));
        },
        [this] { ++done_; });
    EXPECT_EQ(done_, 0) << "not from inside";
    talk();
  }
  bool metric(const std::string& line) {
    const auto text = registry_->collect();
    if (text.find(line + "\n") != std::string::npos) return true;
    ADD_FAILURE() << "no line " << line << " in\n" << text;
    return false;
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::shared_ptr<http::testing::FakeTransport> transport_ =
      std::make_shared<http::testing::FakeTransport>(loop_);
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::vector<std::string> log_;
  std::shared_ptr<log::Sink> sink_ = [this] {
    auto sink = log::Sink::create([this](std::string_view line) { log_.emplace_back(line); });
    sink->configure({});
    return sink;
  }();
  SomePeers peers_;
  std::map<std::string, Node> nodes_;
  std::vector<std::string> got_;
  int done_ = 0;
};

TEST_F(HttpHandOverTest, ANodeGivesWhatItIsAskedForAndOnlyOnce) {
  nodes_["b"].work.work = {{"k1", "one"}, {"k2", "two"}, {"k3", "three"}};
  take("b", {"k1", "k3", "k9"});
  EXPECT_THAT(got_, ElementsAre("k1=one", "k3=three"));
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(nodes_["b"].work.work.size(), 1U);
  EXPECT_TRUE(metric(R"(cluster_hand_over_given_total{node="b"} 2)"));
  EXPECT_TRUE(metric(R"(cluster_hand_over_taken_total{node="a"} 2)"));
  got_.clear();
  take("b", {"k1"});
  EXPECT_THAT(got_, IsEmpty());
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpHandOverTest, WithoutANameEveryOtherNodeIsAsked) {
  nodes_["a"].work.work = {{"k3", "our own"}};
  nodes_["b"].work.work = {{"k1", "one"}};
  nodes_["c"].work.work = {{"k2", "two"}};
  take("", {"k1", "k2", "k3"});
  EXPECT_THAT(got_, ::testing::UnorderedElementsAre("k1=one", "k2=two"));
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpHandOverTest, WhoCannotHandOverOrIsGoneIsNotAsked) {
  peers_.list[1].hands_over = false;
  for (const char* node : {"b", "gone"}) take(node, {"k1"});
  EXPECT_TRUE(transport_->exchanges().empty());
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpHandOverTest, ManyKeysGoInSeveralRequests) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 2 * kMostKeys + 1; ++i) {
    keys.push_back(fmt::format("k{}", i));
    nodes_["b"].work.work[keys.back()] = "x";
  }
  take("b", keys);
  EXPECT_EQ(got_.size(), keys.size());
  EXPECT_EQ(transport_->exchanges().size(), 3U);
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpHandOverTest, LongStatesComeInSeveralAnswersAndTooLongOnesNever) {
  for (const char* key : {"k1", "k2", "k3"}) nodes_["b"].work.work[key] = std::string(kEnoughStateBytes, 's');
  nodes_["b"].work.work["k4"] = std::string(kMostStateBytes + 1, 's');
  take("b", {"k1", "k2", "k3", "k4"});
  EXPECT_EQ(got_.size(), 3U);
  EXPECT_EQ(transport_->exchanges().size(), 4U);
  EXPECT_EQ(done_, 1);
}

TEST_F(HttpHandOverTest, ANodeThatDoesNotAnswerIsGivenUp) {
  nodes_.erase("b");
  take("b", {"k1"});
  EXPECT_EQ(done_, 0);
  loop_.advance(seconds(5));
  EXPECT_EQ(done_, 1);
  EXPECT_TRUE(metric(R"(cluster_hand_over_failed_requests_total{node="a"} 1)"));
  EXPECT_THAT(log_.back(), HasSubstr("a node did not hand its state over"));
}

TEST_F(HttpHandOverTest, WhatIsOnItsWayToTheNodeThatIsAskedIsWaitedFor) {
  SomeWork& work = nodes_["b"].work;
  work.expected = {"k2"};
  work.work = {{"k1", "one"}};
  take("b", {"k1", "k2"});
  loop_.advance(seconds(1));
  EXPECT_EQ(done_, 0);
  work.expected.clear();
  work.work["k2"] = "two";
  loop_.advance(std::chrono::milliseconds(100));
  EXPECT_EQ(done_, 1);
  EXPECT_THAT(got_, ElementsAre("k1=one", "k2=two"));
}

TEST_F(HttpHandOverTest, ButNotLongerThanTheOtherWaitsForAnAnswer) {
  SomeWork& work = nodes_["b"].work;
  work.expected = {"k2"};
  work.work = {{"k1", "one"}};
  take("b", {"k1", "k2"});
  loop_.advance(seconds(3));
  EXPECT_EQ(done_, 1);
  EXPECT_THAT(got_, ElementsAre("k1=one"));
}

TEST_F(HttpHandOverTest, AnotherClusterGetsNothing) {
  nodes_.erase("b");
  start("b", "staging");
  nodes_["b"].work.work = {{"k1", "one"}};
  take("b", {"k1"});
  EXPECT_EQ(done_, 1);
  EXPECT_THAT(got_, IsEmpty());
  EXPECT_EQ(nodes_["b"].work.work.size(), 1U);
}

TEST_F(HttpHandOverTest, RubbishIsRefused) {
  int status = 0;
  http::ServerRequest request;
  request.body = "rubbish";
  nodes_["b"].hand_over->handle(
      request, std::make_shared<KeptAnswer>([&](const http::ServerResponse& r) { status = r.status; }));
  EXPECT_EQ(status, 400);
}

TEST_F(HttpHandOverTest, AComponentThatIsNotThereHasNothing) {
  nodes_["b"].work.work = {{"k1", "one"}};
  nodes_["b"].serving.reset();
  take("b", {"k1"});
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(nodes_["b"].work.work.size(), 1U);
}

TEST_F(HttpHandOverTest, ANodeThatLeavesWaitsUntilItsWorkIsTaken) {
  nodes_["b"].work.work = {{"k1", "one"}};
  bool left = false;
  nodes_["b"].hand_over->drain(seconds(5), [&] { left = true; });
  loop_.advance(seconds(1));
  EXPECT_FALSE(left);
  take("b", {"k1"});
  loop_.advance(seconds(1));
  EXPECT_TRUE(left);
}

TEST_F(HttpHandOverTest, ButNotForEver) {
  nodes_["b"].work.work = {{"k1", "one"}};
  bool left = false;
  nodes_["b"].hand_over->drain(seconds(5), [&] { left = true; });
  loop_.advance(seconds(6));
  EXPECT_TRUE(left);
  EXPECT_THAT(log_.back(), HasSubstr("work that nobody asked for in time"));
}

}  // namespace
}  // namespace invar::cluster
