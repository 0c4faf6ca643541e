#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/group_publisher.h"
#include "component/json_fields.h"
#include "component/testing/component_harness.h"
#include "components/discovery/consul/arguments.h"
#include "components/discovery/consul/discovery.h"
#include "components/discovery/consul/service.h"
#include "http/testing/packed.h"

namespace invar::components::discovery_consul {
namespace {

using component::HealthState;
using http::testing::answer;
using http::testing::ExchangePtr;
using std::chrono::seconds;

std::string instance(const std::string& id, const std::string& address) {
  return R"({"Node": {"Node": "n1", "Address": "192.168.0.1"}, "Service": {"ID": ")" + id +
         R"(", "Address": ")" + address + R"(", "Port": 80}, "Checks": []})";
}

class ConsulTest : public ::testing::Test {
 protected:
  ConsulTest() { arguments_.access.datacenter = "dc1"; }

  void start() {
    registration_ = component::discovery_registration(
        {.name = "discovery.consul", .arguments = &arguments_schema},
        [](const component::Options& options, const component::Boxed& boxed) {
          return make_discoverer([] { return 0.0; }, options, boxed.as<Arguments>());
        });
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  // The latest open question for a path; fails without one.
  ExchangePtr asked(const std::string& path) {
    ExchangePtr found;
    for (const auto& exchange : harness_.http->exchanges()) {
      if (exchange->open() && exchange->request.url.find(path) != std::string::npos) found = exchange;
    }
    EXPECT_NE(found, nullptr) << path;
    return found;
  }
  void answer_to(const std::string& path, const std::string& body, int index, int status = 200) {
    const auto exchange = asked(path);
    ASSERT_NE(exchange, nullptr);
    exchange->respond(answer(status, "application/json", body, {{"X-Consul-Index", std::to_string(index)}}));
    harness_.loop.run_until_idle();
  }
  std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    if (harness_.exports.empty()) return {"none"};
    for (const auto& target : harness_.exports.back().as<component::TargetExports>().targets)
      out.emplace_back(target.get("__address__"));
    return out;
  }
  [[nodiscard]] component::Health health() const { return *harness_.component->health(); }

  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"discovery.consul.x"};
};

using Strings = std::vector<std::string>;

TEST_F(ConsulTest, AnswersMayComePacked) {
  start();
  asked("/catalog")
      ->respond(http::testing::packed(
          answer(200, "application/json", R"({"web": []})", {{"X-Consul-Index", "5"}})));
  harness_.loop.run_until_idle();
  asked("/service/web")
      ->respond(http::testing::packed(answer(200, "application/json", "[" + instance("w1", "10.0.0.1") + "]",
                                             {{"X-Consul-Index", "7"}})));
  harness_.loop.run_until_idle();
  EXPECT_EQ(addresses(), Strings{"10.0.0.1:80"});
}

TEST_F(ConsulTest, FollowsTheCatalogAndEachService) {
  arguments_.node_meta = {{"rack", "1"}};
  arguments_.access.token.value = "hush";
  start();
  EXPECT_EQ(asked("/catalog")->request.url,
            "http://localhost:8500/v1/catalog/services?dc=dc1&stale=true&node-meta=rack%3A1");
  EXPECT_EQ(asked("/catalog")->request.headers.get("X-Consul-Token"), "hush");
  answer_to("/catalog", R"({"web": [], "db": ["x"]})", 5);
  EXPECT_EQ(addresses(), Strings{"none"}) << "before each service has answered";
  answer_to("/service/web", "[" + instance("w1", "10.0.0.1") + "]", 7);
  answer_to("/service/db", "[" + instance("d1", "") + "]", 7);
  EXPECT_EQ(addresses(), (Strings{"192.168.0.1:80", "10.0.0.1:80"}));

  harness_.loop.advance(seconds(30));
  EXPECT_NE(asked("/service/web")->request.url.find("&index=7&wait=120s"), std::string::npos);
  answer_to("/service/web", "[" + instance("w1", "10.0.0.9") + "]", 8);
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(addresses(), (Strings{"192.168.0.1:80", "10.0.0.9:80"}));
  answer_to("/catalog", R"({"web": []})", 9);
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(addresses(), Strings{"10.0.0.9:80"}) << "a service that is gone";
}

TEST_F(ConsulTest, AnIndexThatStaysSaysNothingNewAndOneThatFallsBeginsAnew) {
  arguments_.services = {"web"};
  start();
  answer_to("/service/web", "[" + instance("w1", "10.0.0.1") + "]", 7);
  harness_.loop.advance(seconds(30));
  answer_to("/service/web", "[]", 7);
  harness_.loop.advance(seconds(30));
  EXPECT_EQ(addresses(), Strings{"10.0.0.1:80"});
  answer_to("/service/web", "[" + instance("w1", "10.0.0.2") + "]", 3);
  harness_.loop.advance(seconds(30));
  EXPECT_EQ(addresses(), Strings{"10.0.0.2:80"});
  EXPECT_EQ(asked("/service/web")->request.url.find("index="), std::string::npos);
}

TEST_F(ConsulTest, TagsChooseServicesAndGoIntoTheQuestion) {
  arguments_.services = {"web", "db"};
  arguments_.tags = {"a", "b"};
  start();
  answer_to("/catalog", R"({"web": ["b", "a"], "db": ["a"], "other": ["a", "b"]})", 5);
  EXPECT_NE(asked("/service/web")->request.url.find("&tag=a&tag=b"), std::string::npos);
  EXPECT_EQ(harness_.http->in_flight(), 1u);
}

TEST_F(ConsulTest, NamedServicesAreWatchedWithoutTheCatalog) {
  arguments_.services = {"web", "db"};
  arguments_.allow_stale = false;
  start();
  EXPECT_EQ(harness_.http->in_flight(), 2u);
  EXPECT_EQ(asked("/service/web")->request.url, "http://localhost:8500/v1/health/service/web?dc=dc1");
  answer_to("/service/web", "[" + instance("w1", "10.0.0.1") + "]", 7);
  answer_to("/service/db", R"({"error": "Permission denied"})", 0, 403);
  EXPECT_EQ(addresses(), Strings{"10.0.0.1:80"}) << "what can be had";
  EXPECT_EQ(health().state, HealthState::kHealthy);
  const auto problems = harness_.component->problems(component::Severity::kDegraded);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].sentence,
            "Consul at http://localhost:8500, /v1/health/service/db: 403 Forbidden: Permission denied");
}

TEST_F(ConsulTest, FailuresKeepTheTargetsAndAreTriedAgain) {
  arguments_.services = {"web"};
  start();
  answer_to("/service/web", "[" + instance("w1", "10.0.0.1") + "]", 7);
  harness_.loop.advance(seconds(30));
  answer_to("/service/web", "No cluster leader", 0, 500);
  EXPECT_EQ(health().state, HealthState::kUnhealthy);
  EXPECT_THAT(
      health().message,
      ::testing::EndsWith(
          "Consul at http://localhost:8500, /v1/health/service/web: 500 Internal Server Error: No cluster "
          "leader"));
  EXPECT_EQ(addresses(), Strings{"10.0.0.1:80"});
  harness_.loop.advance(seconds(1));
  answer_to("/service/web", "[]", 9);
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(health().state, HealthState::kHealthy);
  EXPECT_EQ(addresses(), Strings{});
  EXPECT_EQ(harness_.metric_lines("prometheus_sd_consul_rpc_failures_total"),
            "prometheus_sd_consul_rpc_failures_total{component_id=\"discovery.consul.x\"} 1\n");
}

TEST_F(ConsulTest, AnIntervalThatWouldKeepACoreBusyIsNotKept) {
  arguments_.refresh_interval = Duration(1);
  int questions = 0;
  harness_.http->set_handler([&](const http::Request&) {
    ++questions;
    return answer(200, "application/json", "{}");  // without an index nothing is waited for
  });
  start();
  harness_.loop.advance(seconds(1));
  EXPECT_LE(questions, 11);
  EXPECT_EQ(harness_.log_count("the interval is too short; a longer one is used"), 1);
}

TEST_F(ConsulTest, AsksTheAgentForItsDataCenter) {
  arguments_.access.datacenter = "";
  arguments_.services = {"web"};
  start();
  answer_to("/v1/agent/self", "{}", 0);
  EXPECT_EQ(health().state, HealthState::kUnhealthy);
  harness_.loop.advance(seconds(1));
  answer_to("/v1/agent/self", R"({"Config": {"Datacenter": "dc9"}})", 0);
  answer_to("/service/web", "[" + instance("w1", "10.0.0.1") + "]", 7);
  const auto& targets = harness_.exports.back().as<component::TargetExports>().targets;
  EXPECT_EQ(targets[0].get("__meta_consul_dc"), "dc9");
  EXPECT_TRUE(harness_.stop()) << "with a question open";
}

TEST(ConsulService, HasEveryLabel) {
  const auto instances = component::parse_answer(R"([{
      "Node": {"Node": "n1", "Address": "192.168.0.1", "Meta": {"rack-id": "r1"}, "TaggedAddresses": {"lan": "192.168.0.1"}},
      "Service": {"ID": "w1", "Service": "web", "Address": "fd00::1", "Port": 80, "Tags": ["a", "b"], "Meta": {"v": "1"},
                  "Namespace": "ns", "Partition": "p"},
      "Checks": [{"CheckID": "serfHealth", "Status": "passing"}, {"CheckID": "x", "Status": "critical"},
                 {"CheckID": "y", "Status": "warning"}]}])");
  ASSERT_TRUE(instances);
  const auto targets = read_instances(*instances, {"web", "dc1", "|"});
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "[fd00::1]:80"},
      {"__meta_consul_address", "192.168.0.1"},
      {"__meta_consul_dc", "dc1"},
      {"__meta_consul_health", "critical"},
      {"__meta_consul_metadata_rack_id", "r1"},
      {"__meta_consul_namespace", "ns"},
      {"__meta_consul_node", "n1"},
      {"__meta_consul_partition", "p"},
      {"__meta_consul_service", "web"},
      {"__meta_consul_service_address", "fd00::1"},
      {"__meta_consul_service_id", "w1"},
      {"__meta_consul_service_metadata_v", "1"},
      {"__meta_consul_service_port", "80"},
      {"__meta_consul_tagged_address_lan", "192.168.0.1"},
      {"__meta_consul_tags", "|a|b|"},
  };
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].to_map(), want);
}

TEST(ConsulService, MaintenanceIsTheWorstAndNoTagsAreTwoSeparators) {
  const auto instances = component::parse_answer(
      R"([{"Node": {"Address": "h"}, "Service": {"Port": 1},
           "Checks": [{"CheckID": "_service_maintenance:w1", "Status": "critical"}]}])");
  const auto targets = read_instances(*instances, {"web", "dc1", ","});
  EXPECT_EQ(targets[0].get("__meta_consul_health"), "maintenance");
  EXPECT_EQ(targets[0].get("__meta_consul_tags"), ",,");
}

TEST(ConsulArguments, AreChecked) {
  const auto checked = [](const std::function<void(Arguments&)>& change) {
    Arguments a;
    change(a);
    const auto server = consul::check(a.access);
    const auto result = server ? arguments_schema().check(&a) : server;
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(checked([](Arguments&) {}), "");
  EXPECT_EQ(checked([](Arguments& a) { a.refresh_interval = Duration::zero(); }),
            "refresh_interval must be greater than 0");
  EXPECT_EQ(checked([](Arguments& a) { a.access.server = "http//consul"; }),
            "server: \"http//consul\" has no scheme; write \"http://consul\"");
  EXPECT_EQ(checked([](Arguments& a) { a.access.server = " "; }), "server must name the address of Consul");
  EXPECT_EQ(checked([](Arguments& a) { a.access.server = "ssh://h"; }),
            "unknown protocol scheme \"ssh\" in server");
  EXPECT_EQ(checked([](Arguments& a) { a.access.server = "unix:///run/consul.sock"; }), "");
  EXPECT_EQ(checked([](Arguments& a) {
              a.username = "u";
              a.client.basic_auth.emplace();
            }),
            "at most one of username and password, and basic_auth can be configured");
  EXPECT_EQ(checked([](Arguments& a) {
              a.access.token.value = "t";
              a.client.authorization.emplace();
            }),
            "at most one of token, authorization and oauth2 can be configured");
}

}  // namespace
}  // namespace invar::components::discovery_consul
