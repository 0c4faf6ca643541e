#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/nomad/arguments.h"
#include "components/discovery/nomad/component.h"

namespace invar::components::discovery_nomad {
namespace {

using http::testing::answer;
using std::chrono::seconds;

class NomadTest : public ::testing::Test {
 protected:
  void serve(std::map<std::string, std::string> answers) {
    harness_.http->set_handler([answers = std::move(answers)](const http::Request& request) {
      const auto found = answers.find(request.url.substr(std::string_view("http://nomad:4646").size()));
      return found == answers.end() ? answer(403, "text/plain", "Permission denied")
                                    : answer(200, "application/json", found->second);
    });
  }
  void start() {
    arguments_.server = "http://nomad:4646/";
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  [[nodiscard]] const component::Targets& targets() const {
    return harness_.exports.back().as<component::TargetExports>().targets;
  }

  Arguments arguments_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.nomad.x"};
};

const std::map<std::string, std::string> kAnswers = {
    {"/v1/services?namespace=%2A&region=global&stale=",
     R"([{"Namespace": "shop", "Services": [{"ServiceName": "web", "Tags": ["a"]}]},
         {"Namespace": "bank", "Services": [{"ServiceName": "web", "Tags": []}]}])"},
    {"/v1/service/web?namespace=shop&region=global&stale=",
     R"([{"ID": "i1", "ServiceName": "web", "Namespace": "shop", "NodeID": "n1", "Datacenter": "dc1", "Tags": ["a", "b"],
          "Address": "10.0.0.1", "Port": 80}])"},
    {"/v1/service/web?namespace=bank&region=global&stale=",
     R"([{"ID": "i2", "ServiceName": "web", "Namespace": "bank", "NodeID": "n1", "Datacenter": "dc1", "Tags": null,
          "Address": "10.0.0.2", "Port": 81}])"}};

TEST_F(NomadTest, EveryInstanceIsATarget) {
  arguments_.space = "*";
  serve(kAnswers);
  start();
  ASSERT_EQ(targets().size(), 2u);
  EXPECT_EQ(targets()[0].get("__address__"), "10.0.0.2:81");
  EXPECT_FALSE(targets()[0].labels().contains("__meta_nomad_tags"));
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:80"},
      {"__meta_nomad_address", "10.0.0.1"},
      {"__meta_nomad_dc", "dc1"},
      {"__meta_nomad_namespace", "shop"},
      {"__meta_nomad_node_id", "n1"},
      {"__meta_nomad_service", "web"},
      {"__meta_nomad_service_address", "10.0.0.1"},
      {"__meta_nomad_service_id", "i1"},
      {"__meta_nomad_service_port", "80"},
      {"__meta_nomad_tags", ",a,b,"},
  };
  EXPECT_EQ(targets()[1].to_map(), want);
}

TEST_F(NomadTest, AFailureKeepsTheTargets) {
  arguments_.space = "*";
  serve(kAnswers);
  start();
  serve({});
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(targets().size(), 2u);
  EXPECT_THAT(harness_.component->health()->message,
              ::testing::EndsWith("GET http://nomad:4646/v1/services: 403 Forbidden: Permission denied"));
}

TEST(NomadArguments, AreChecked) {
  Arguments arguments;
  EXPECT_TRUE(arguments_schema().check(&arguments));
  arguments.refresh_interval = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&arguments).error().message, "refresh_interval must be greater than 0");
}

}  // namespace
}  // namespace invar::components::discovery_nomad
