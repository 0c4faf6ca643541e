#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/gce/arguments.h"
#include "components/discovery/gce/discovery.h"
#include "http/testing/packed.h"

namespace invar::components::discovery_gce {
namespace {

using http::testing::answer;
using ::testing::HasSubstr;

constexpr const char* kFull = R"({"items": [{
  "id": "42", "name": "web", "status": "RUNNING", "zone": "z1", "machineType": "n1", "labels": {"team-x": "shop"},
  "tags": {"items": ["a", "b"]}, "metadata": {"items": [{"key": "k", "value": "v"}, {"key": "none"}]},
  "networkInterfaces": [{"name": "nic0", "network": "net", "subnetwork": "sub", "networkIP": "10.0.0.1",
                         "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": "1.2.3.4"}]},
                        {"name": "nic1", "networkIP": "10.1.0.1"}]}, {"id": "43", "networkInterfaces": []}], "nextPageToken": "p 2"})";
constexpr const char* kLast =
    R"({"items": [{"id": "44", "networkInterfaces": [{"name": "nic0", "networkIP": "10.0.0.2"}]}]})";

class GceTest : public ::testing::Test {
 protected:
  GceTest() {
    arguments_.project = "p1";
    arguments_.zone = "z1";
    arguments_.filter = "a=b";
    harness_.http->set_handler([this](const http::Request& request) {
      if (request.url.find("computeMetadata") != std::string::npos)
        return answer(200, "application/json", R"({"access_token": "hush", "expires_in": 3600})");
      EXPECT_EQ(request.headers.get("Authorization"), "Bearer hush");
      EXPECT_THAT(request.url, HasSubstr("https://compute.googleapis.com/compute/v1/projects/p1/zones/z1/"
                                         "instances?maxResults=500&filter=a%3Db"));
      if (status_ != 200) return answer(status_, "application/json", R"({"error": {"message": "no right"}})");
      return answer(200, "application/json", request.url.ends_with("&pageToken=p+2") ? kLast : kFull);
    });
  }
  void start() {
    registration_ = component::discovery_registration(
        {.name = "discovery.gce", .arguments = &arguments_schema},
        [](const component::Options& options, const component::Boxed& boxed) {
          return make_discoverer([](const char*) { return std::string(); }, options, boxed.as<Arguments>());
        });
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  [[nodiscard]] const component::Targets& targets() const {
    return harness_.exports.back().as<component::TargetExports>().targets;
  }

  int status_ = 200;
  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"discovery.gce.x"};
};

TEST_F(GceTest, ReadsAllPages) {
  start();
  ASSERT_EQ(targets().size(), 2u);
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:80"},
      {"__meta_gce_instance_id", "42"},
      {"__meta_gce_instance_name", "web"},
      {"__meta_gce_instance_status", "RUNNING"},
      {"__meta_gce_interface_ipv4_nic0", "10.0.0.1"},
      {"__meta_gce_interface_ipv4_nic1", "10.1.0.1"},
      {"__meta_gce_label_team_x", "shop"},
      {"__meta_gce_machine_type", "n1"},
      {"__meta_gce_metadata_k", "v"},
      {"__meta_gce_network", "net"},
      {"__meta_gce_private_ip", "10.0.0.1"},
      {"__meta_gce_project", "p1"},
      {"__meta_gce_public_ip", "1.2.3.4"},
      {"__meta_gce_subnetwork", "sub"},
      {"__meta_gce_tags", ",a,b,"},
      {"__meta_gce_zone", "z1"},
  };
  EXPECT_EQ(targets()[0].to_map(), want);
  EXPECT_EQ(targets()[1].get("__address__"), "10.0.0.2:80");
}

TEST_F(GceTest, AnswersMayComePacked) {
  harness_.http->set_handler([](const http::Request& request) {
    const bool token = request.url.find("computeMetadata") != std::string::npos;
    return http::testing::packed(
        answer(200, "application/json", token ? R"({"access_token": "hush", "expires_in": 3600})" : kLast));
  });
  start();
  EXPECT_EQ(targets().size(), 1u);
}

TEST_F(GceTest, AFailureKeepsTheTargets) {
  start();
  status_ = 403;
  harness_.loop.advance(std::chrono::seconds(60));
  EXPECT_EQ(targets().size(), 2u);
  EXPECT_THAT(harness_.component->health()->message, HasSubstr("403 Forbidden: no right"));
  EXPECT_EQ(harness_.log_count("hush"), 0);
}

TEST(GceArguments, AreChecked) {
  Arguments a{.project = "p", .zone = "z"};
  EXPECT_TRUE(arguments_schema().check(&a));
  a.zone = "";
  EXPECT_EQ(arguments_schema().check(&a).error().message, "GCE SD configuration requires a zone");
}

}  // namespace
}  // namespace invar::components::discovery_gce
