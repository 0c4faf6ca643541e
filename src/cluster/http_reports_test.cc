// A node and its leader, the node's requests through a transport without a network, in virtual time.
#include "cluster/http_reports.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "cluster/testing/kept_answer.h"
#include "http/testing/fake_transport.h"

namespace invar::cluster {
namespace {

class HttpReportsTest : public ::testing::Test {
 protected:
  struct Node {
    std::unique_ptr<metrics::Scope> metrics;
    std::unique_ptr<HttpReports> reports;
  };

  HttpReportsTest() {
    transport_->set_handler([](const http::Request&) { return std::nullopt; });
    leader_ = node("leader", "prod", {});
    node_ = node("node", "prod", {});
    leader_.reports->heard = [this](const CostReport& report) {
      heard_.push_back(report);
      return leads_;
    };
  }
  Node node(const std::string& name, const std::string& cluster, const std::string& secret) {
    Node out;
    out.metrics = registry_->scope({{"node", fmt::format("{}-{}", name, ++started_)}});
    out.reports = std::make_unique<HttpReports>(
        loop_,
        HttpReports::Config{.client = *transport_->make_client({}, "cluster"),
                            .seal = secret.empty() ? nullptr : std::make_shared<const Seal>(secret),
                            .cluster_name = cluster,
                            .logger = {}},
        *out.metrics);
    return out;
  }
  static CostReport report(const std::string& cluster = "prod") { return {cluster, "node", {{7, 1000, 50}}}; }
  void send(const CostReport& report) {
    node_.reports->send("leader:80", encode(report), [this] { ++refused_; });
    loop_.run_until_idle();
  }
  http::testing::ExchangePtr last() { return transport_->exchanges().back(); }
  // What the leader answers to the last request.
  int answered() {
    http::ServerRequest request;
    request.body = http::testing::body_of(last()->request);
    int status = 0;
    leader_.reports->handle(request,
                            std::make_shared<testing::KeptAnswer>(
                                [&](const http::ServerResponse& answer) { status = answer.status; }));
    last()->respond(http::testing::answer(status, "", ""));
    loop_.run_until_idle();
    return status;
  }
  double failed() {
    const std::string text = registry_->collect();
    double sum = 0;
    const std::string name = "\ncluster_balance_failed_reports_total{";
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
      sum += std::stod(text.substr(text.find(' ', at + name.size())));
    return sum;
  }

  async::testing::TestLoop loop_;
  std::shared_ptr<http::testing::FakeTransport> transport_ =
      std::make_shared<http::testing::FakeTransport>(loop_);
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  int started_ = 0, refused_ = 0;
  Node leader_, node_;
  std::vector<CostReport> heard_;
  bool leads_ = true;
};

TEST_F(HttpReportsTest, TheLeaderHearsWhatANodeMeasured) {
  send(report());
  EXPECT_EQ(last()->request.url, "http://leader:80/api/v1/invar/cluster/costs");
  EXPECT_EQ(answered(), 200);
  EXPECT_EQ(heard_, std::vector{report()});
  EXPECT_EQ(refused_, 0);
  EXPECT_EQ(failed(), 0);
}

TEST_F(HttpReportsTest, ANodeThatDoesNotLeadSaysSo) {
  leads_ = false;
  send(report());
  EXPECT_EQ(answered(), 409);
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(failed(), 1);
}

TEST_F(HttpReportsTest, AnotherClusterAndRubbishAreRefused) {
  send(report("test"));
  EXPECT_EQ(answered(), 403);
  node_.reports->send("leader:80", "rubbish", [this] { ++refused_; });
  loop_.run_until_idle();
  EXPECT_EQ(answered(), 400);
  node_.reports->send("leader:80", std::string((1 << 20) + 1, 'x'), [this] { ++refused_; });
  loop_.run_until_idle();
  EXPECT_EQ(answered(), 413);
  EXPECT_EQ(refused_, 3);
  EXPECT_TRUE(heard_.empty());
}

TEST_F(HttpReportsTest, WhereThereIsASecretItIsNeeded) {
  const auto heard = leader_.reports->heard;
  leader_ = node("leader", "prod", "a secret of the cluster");
  leader_.reports->heard = heard;
  send(report());
  EXPECT_EQ(answered(), 403);
  node_ = node("node", "prod", "another secret, not it");
  send(report());
  EXPECT_EQ(answered(), 403);
  EXPECT_TRUE(heard_.empty());
  node_ = node("node", "prod", "a secret of the cluster");
  send(report());
  EXPECT_EQ(answered(), 200);
  EXPECT_EQ(heard_, std::vector{report()});
}

TEST_F(HttpReportsTest, ALeaderThatDoesNotAnswerIsNotWaitedForLong) {
  send(report());
  EXPECT_EQ(last()->request.timeout, std::chrono::seconds(5));
  last()->respond(http::testing::failure(http::FailureKind::kTimeout, "no answer"));
  loop_.run_until_idle();
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(failed(), 1);
}

TEST_F(HttpReportsTest, ANewerReportEndsTheOlder) {
  send(report());
  const auto older = last();
  send(report());
  EXPECT_FALSE(older->open());
  EXPECT_EQ(answered(), 200);
  EXPECT_EQ(refused_, 0);
}

}  // namespace
}  // namespace invar::cluster
