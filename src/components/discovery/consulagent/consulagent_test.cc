#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/consulagent/arguments.h"
#include "components/discovery/consulagent/component.h"

namespace invar::components::discovery_consulagent {
namespace {

using http::testing::answer;
using std::chrono::seconds;

class ConsulAgentTest : public ::testing::Test {
 protected:
  void serve(std::map<std::string, std::string> answers) {
    harness_.http->set_handler([answers = std::move(answers)](const http::Request& request) {
      for (const auto& [path, body] : answers) {
        if (request.url.ends_with(path)) return answer(200, "application/json", body);
      }
      return answer(500, "text/plain", "not here");
    });
  }
  void start() {
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  [[nodiscard]] const component::Targets& targets() const {
    return harness_.exports.back().as<component::TargetExports>().targets;
  }

  Arguments arguments_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.consulagent.x"};
};

const std::map<std::string, std::string> kAnswers = {
    {"/v1/agent/self",
     R"({"Config": {"Datacenter": "dc1", "NodeName": "n1"}, "Member": {"Addr": "192.168.0.1"},
                           "Meta": {"rack": "r1"}})"},
    {"/v1/agent/services", R"({
      "w1": {"ID": "w1", "Service": "web", "Address": "10.0.0.1", "Port": 80, "Tags": ["a", "b"], "Meta": {"v": "1"},
             "TaggedAddresses": {"wan": {"Address": "1.2.3.4", "Port": 81}}},
      "w2": {"ID": "w2", "Service": "web", "Address": "", "Port": 80, "Tags": ["a"]},
      "db": {"ID": "db", "Service": "db", "Address": "10.0.0.3", "Port": 5432, "Tags": []}})"},
    {"/v1/agent/checks", R"({"c1": {"CheckID": "c1", "ServiceID": "w2", "Status": "warning"},
                             "c2": {"CheckID": "c2", "ServiceID": "w1", "Status": "passing"}})"}};

TEST_F(ConsulAgentTest, EveryInstanceIsATarget) {
  serve(kAnswers);
  start();
  ASSERT_EQ(targets().size(), 3u);
  EXPECT_EQ(targets()[0].get("__address__"), "10.0.0.3:5432");
  EXPECT_EQ(targets()[0].get("__meta_consulagent_health"), "passing");
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:80"},
      {"__meta_consulagent_address", "192.168.0.1"},
      {"__meta_consulagent_dc", "dc1"},
      {"__meta_consulagent_health", "warning"},  // of the service: the other instance's
      {"__meta_consulagent_metadata_rack", "r1"},
      {"__meta_consulagent_node", "n1"},
      {"__meta_consulagent_service", "web"},
      {"__meta_consulagent_service_address", "10.0.0.1"},
      {"__meta_consulagent_service_id", "w1"},
      {"__meta_consulagent_service_metadata_v", "1"},
      {"__meta_consulagent_service_port", "80"},
      {"__meta_consulagent_tagged_address_wan", "1.2.3.4:81"},
      {"__meta_consulagent_tags", ",a,b,"},
  };
  EXPECT_EQ(targets()[1].to_map(), want);
  EXPECT_EQ(targets()[2].get("__address__"), "192.168.0.1:80");
}

TEST_F(ConsulAgentTest, ServicesAndTagsChoose) {
  arguments_.services = {"web"};
  arguments_.tags = {"b"};
  serve(kAnswers);
  start();
  ASSERT_EQ(targets().size(), 1u);
  EXPECT_EQ(targets()[0].get("__meta_consulagent_service_id"), "w1");
}

TEST_F(ConsulAgentTest, AFailureOfAnyQuestionKeepsTheTargets) {
  serve(kAnswers);
  start();
  auto fewer = kAnswers;
  fewer.erase("/v1/agent/checks");
  serve(fewer);
  harness_.loop.advance(seconds(30));
  EXPECT_EQ(targets().size(), 3u);
  EXPECT_THAT(harness_.component->health()->message,
              ::testing::EndsWith(
                  "Consul at http://localhost:8500, /v1/agent/checks: 500 Internal Server Error: not here"));
}

}  // namespace
}  // namespace invar::components::discovery_consulagent
