// Against answers as Azure's REST reference shows them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/azure/arguments.h"
#include "components/discovery/azure/discovery.h"
#include "components/discovery/azure/machines.h"
#include "fs/testing/memory_fs.h"

namespace invar::components::discovery_azure {
namespace {

using http::testing::answer;
using ::testing::HasSubstr;

const std::string kArm = "https://management.azure.com";
const std::string kCompute = "/subscriptions/s1/providers/Microsoft.Compute";
const std::string kGroup = "/subscriptions/s1/resourceGroups/Shop/providers";
const std::string kSet = kGroup + "/Microsoft.Compute/virtualMachineScaleSets/set1";

std::string machine(const std::string& id, const std::string& name, const std::string& nic,
                    const std::string& more = "") {
  return R"({"id": ")" + id + R"(", "name": ")" + name +
         R"(", "location": "westeurope", "tags": {"team-x": "shop"},
    "properties": {"osProfile": {"computerName": "host-)" +
         name + R"("}, "hardwareProfile": {"vmSize": "B2"},
    "storageProfile": {"osDisk": {"osType": "Linux"}}, "networkProfile": {"networkInterfaces": [{"id": ")" +
         nic + R"("}]}})" + more + "}";
}

std::string interface_of(const std::string& ip, const std::string& public_ip = "") {
  const std::string more =
      public_ip.empty() ? ""
                        : R"(, "publicIPAddress": {"properties": {"ipAddress": ")" + public_ip + R"("}})";
  return R"({"properties": {"primary": true, "ipConfigurations": [{"properties": {"privateIPAddress": ")" +
         ip + "\"" + more + "}}]}}";
}

class AzureTest : public ::testing::Test {
 protected:
  AzureTest() {
    arguments_.subscription_id = "s1";
    arguments_.managed_identity = ManagedIdentity{.client_id = "c1"};
    const std::string compute = kArm + kCompute, version = "?api-version=2023-09-01";
    const std::string nics = kGroup + "/Microsoft.Network/networkInterfaces/";
    answers_[compute + "/virtualMachines" + version] =
        R"({"value": [)" + machine(kGroup + "/Microsoft.Compute/virtualMachines/web", "web", nics + "n1") +
        R"(], "nextLink": ")" + kArm + R"(/page2"})";
    answers_[kArm + "/page2"] = R"({"value": [)" + machine(kGroup + "/x/off", "off", nics + "off") + "," +
                                machine(kGroup + "/x/lost", "lost", nics + "lost") +
                                R"(], "nextLink": "https://elsewhere/page3"})";
    answers_[compute + "/virtualMachineScaleSets" + version] =
        R"({"value": [{"id": ")" + kSet + R"(", "name": "set1"}]})";
    const std::string inner = kSet + "/virtualMachines/0/networkInterfaces/n2";
    answers_[kArm + kSet + "/virtualMachines" + version] =
        R"({"value": [)" + machine(kSet + "/virtualMachines/0", "set1_0", inner) + "]}";
    const std::string expand = "&$expand=IPConfigurations%2FPublicIPAddress";
    answers_[kArm + nics + "n1?api-version=2023-05-01" + expand] = interface_of("10.0.0.1", "1.2.3.4");
    answers_[kArm + nics + "off?api-version=2023-05-01" + expand] = R"({"properties": {}})";
    answers_[kArm + inner + "?api-version=2018-10-01" + expand] = interface_of("10.0.0.2");
    harness_.http->set_handler([this](const http::Request& request) { return respond(request); });
  }

  http::Response respond(const http::Request& request) {
    if (request.url.find("169.254.169.254") != std::string::npos) {
      EXPECT_EQ(request.headers.get("Metadata"), "true");
      EXPECT_THAT(request.url,
                  ::testing::EndsWith("resource=https%3A%2F%2Fmanagement.azure.com%2F" + machine_asks_for_));
      ++tokens_;
      return answer(200, "application/json", R"({"access_token": "hush", "expires_in": "3600"})");
    }
    if (request.method == "POST") {
      exchanges_.push_back(request.url + " " + http::testing::body_of(request));
      ++tokens_;
      return answer(exchange_status_, "application/json",
                    exchange_status_ == 200
                        ? R"({"token_type": "Bearer", "expires_in": 3599, "access_token": "hush"})"
                        : R"({"error": "invalid_client", "error_description": "AADSTS70021: no such pod"})");
    }
    ++requests_;
    EXPECT_EQ(request.headers.get("Authorization"), arguments_.oauth ? "" : "Bearer hush");
    if (status_ != 200) return answer(status_, "application/json", R"({"error": {"message": "no right"}})");
    const auto found = answers_.find(request.url);
    if (found == answers_.end()) return answer(404, "application/json", "{}");
    return answer(200, "application/json", found->second);
  }

  void build() {
    registration_ = component::discovery_registration(
        {.name = "discovery.azure", .arguments = &arguments_schema},
        [this](const component::Options& options, const component::Boxed& boxed) {
          component::Options with_files = options;
          with_files.files = files_;
          return make_discoverer([this](const char* name) { return environment_[name]; }, with_files,
                                 boxed.as<Arguments>());
        });
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void start() {
    build();
    ASSERT_FALSE(harness_.exports.empty()) << harness_.component->health()->message;
  }
  [[nodiscard]] const component::Targets& targets() const {
    return harness_.exports.back().as<component::TargetExports>().targets;
  }

  // A pod with the label of the webhook.
  void in_a_pod() {
    arguments_.managed_identity.reset();
    environment_ = {{"AZURE_CLIENT_ID", "app"},
                    {"AZURE_TENANT_ID", "t1"},
                    {"AZURE_FEDERATED_TOKEN_FILE", "/token"},
                    {"AZURE_AUTHORITY_HOST", "https://login.test/"}};
    ASSERT_TRUE(files_->write_file_atomically("/token", "of=pod\n", 0600, false));
  }
  static std::string exchange(const std::string& place, const std::string& assertion) {
    return place +
           "/oauth2/v2.0/token "
           "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2Fmanagement.azure.com%2F."
           "default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
           "&client_assertion=" +
           assertion;
  }

  int status_ = 200, tokens_ = 0, requests_ = 0, exchange_status_ = 200;
  std::string machine_asks_for_ = "&client_id=c1";
  std::vector<std::string> exchanges_;  // requests for tokens of a pod
  std::map<std::string, std::string> environment_;
  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  std::map<std::string, std::string> answers_;  // by URL
  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"discovery.azure.x"};
};

TEST_F(AzureTest, MachinesOfTheirOwnAndOfScaleSets) {
  start();
  ASSERT_EQ(targets().size(), 2u) << "not the one that is off, nor the one whose interface is gone";
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:80"},
      {"__meta_azure_machine_computer_name", "host-web"},
      {"__meta_azure_machine_id", kGroup + "/Microsoft.Compute/virtualMachines/web"},
      {"__meta_azure_machine_location", "westeurope"},
      {"__meta_azure_machine_name", "web"},
      {"__meta_azure_machine_os_type", "Linux"},
      {"__meta_azure_machine_private_ip", "10.0.0.1"},
      {"__meta_azure_machine_public_ip", "1.2.3.4"},
      {"__meta_azure_machine_resource_group", "Shop"},
      {"__meta_azure_machine_size", "B2"},
      {"__meta_azure_machine_tag_team_x", "shop"},
      {"__meta_azure_subscription_id", "s1"},
      {"__meta_azure_tenant_id", ""},
  };
  EXPECT_EQ(targets()[0].to_map(), want);
  EXPECT_EQ(targets()[1].get("__address__"), "10.0.0.2:80");
  EXPECT_EQ(targets()[1].get("__meta_azure_machine_scale_set"), "set1");
}

TEST_F(AzureTest, TokensAndInterfacesAreRemembered) {
  start();
  EXPECT_EQ(requests_, 4 + 4) << "four lists, four interfaces; the page of another host is not asked for";
  requests_ = 0;
  harness_.loop.advance(arguments_.refresh_interval);
  EXPECT_EQ(requests_, 4 + 1) << "the interface that was not there";
  EXPECT_EQ(tokens_, 1);
  EXPECT_EQ(targets().size(), 2u);
  for (int i = 0; i < 9; ++i) harness_.loop.advance(arguments_.refresh_interval);
  requests_ = 0;
  harness_.loop.advance(arguments_.refresh_interval);
  EXPECT_EQ(tokens_, 2) << "before the first one expires";
}

TEST_F(AzureTest, AFailureKeepsTheTargets) {
  start();
  status_ = 403;
  harness_.loop.advance(arguments_.refresh_interval);
  EXPECT_EQ(targets().size(), 2u);
  EXPECT_THAT(harness_.component->health()->message, HasSubstr("403 Forbidden: no right"));
  EXPECT_EQ(harness_.log_count("hush"), 0);
}

TEST_F(AzureTest, AnApplicationsTokensAreTheClients) {
  arguments_.managed_identity.reset();
  arguments_.oauth = OAuth{.client_id = "app", .tenant_id = "tenant 1", .client_secret = {"hush"}};
  arguments_.environment = "azureCHINAcloud";
  build();
  ASSERT_FALSE(harness_.http->exchanges().empty());
  const auto& exchange = *harness_.http->exchanges().front();
  EXPECT_THAT(exchange.request.url, HasSubstr("https://management.chinacloudapi.cn/subscriptions/s1/"));
  ASSERT_TRUE(exchange.config.oauth2);
  EXPECT_EQ(exchange.config.oauth2->token_url, "https://login.chinacloudapi.cn/tenant%201/oauth2/v2.0/token");
  EXPECT_EQ(exchange.config.oauth2->client_id, "app");
  EXPECT_EQ(exchange.config.oauth2->scopes,
            std::vector<std::string>{"https://management.core.chinacloudapi.cn/.default"});
  EXPECT_EQ(tokens_, 0);
}

TEST_F(AzureTest, APodsTokenIsReadAnewAndExchanged) {
  in_a_pod();
  arguments_.workload_identity.emplace();
  start();
  EXPECT_EQ(targets().size(), 2u);
  EXPECT_EQ(targets()[0].get("__meta_azure_tenant_id"), "");
  ASSERT_TRUE(files_->write_file_atomically("/token", "newer", 0600, false));
  harness_.loop.advance(std::chrono::hours(1));
  EXPECT_THAT(exchanges_, ::testing::ElementsAre(exchange("https://login.test/t1", "of%3Dpod"),
                                                 exchange("https://login.test/t1", "newer")));

  exchange_status_ = 401;
  harness_.loop.advance(std::chrono::hours(1));
  EXPECT_THAT(harness_.component->health()->message,
              HasSubstr("workload identity: POST https://login.test/t1/oauth2/v2.0/token: 401 Unauthorized: "
                        "AADSTS70021: no such pod"));
  EXPECT_EQ(targets().size(), 2u) << "what was found stays";
  EXPECT_EQ(harness_.log_count("newer"), 0);
}

TEST_F(AzureTest, WhatAPodLacksIsNamed) {
  in_a_pod();
  arguments_.workload_identity.emplace();
  environment_.erase("AZURE_TENANT_ID");
  build();
  EXPECT_THAT(harness_.component->health()->message,
              HasSubstr("workload identity: the environment variable AZURE_TENANT_ID is not set"));
  EXPECT_EQ(tokens_, 0);
}

TEST_F(AzureTest, TheEnvironmentSaysWhoAsks) {
  arguments_.sdk_auth = SdkAuth{.tenant_id = "t2"};
  in_a_pod();
  environment_.erase("AZURE_AUTHORITY_HOST");
  start();
  EXPECT_THAT(exchanges_,
              ::testing::ElementsAre(exchange("https://login.microsoftonline.com/t2", "of%3Dpod")));
  EXPECT_EQ(targets()[0].get("__meta_azure_tenant_id"), "t2");

  const auto chosen = [this] {
    return choose_access(arguments_, [this](const char* name) { return environment_[name]; });
  };
  environment_["AZURE_CLIENT_SECRET"] = "hush";
  ASSERT_TRUE(chosen());
  EXPECT_EQ(std::get<OAuth>(chosen()->identity),
            (OAuth{.client_id = "app", .tenant_id = "t1", .client_secret = {"hush"}}));
  environment_.erase("AZURE_TENANT_ID");  // then it is no application
  EXPECT_EQ(std::get<Federated>(chosen()->identity).tenant_id, "t2");
  environment_["AZURE_CLIENT_CERTIFICATE_PATH"] = "/c.pem";
  EXPECT_THAT(chosen().error().message, HasSubstr("AZURE_CLIENT_CERTIFICATE_PATH"));
  environment_ = {{"AZURE_CLIENT_ID", "user-assigned"}};
  EXPECT_EQ(std::get<ManagedIdentity>(chosen()->identity).client_id, "user-assigned");
}

TEST_F(AzureTest, AMachineHasAnIdentityOfItsOwn) {
  arguments_.managed_identity.reset();
  arguments_.sdk_auth.emplace();
  machine_asks_for_ = "";
  start();
  EXPECT_EQ(tokens_, 1);
}

TEST(AzureArguments, AreChecked) {
  const Arguments good{.subscription_id = "s", .managed_identity = ManagedIdentity{.client_id = "c"}};
  EXPECT_TRUE(arguments_schema().check(&good));
  const auto refusal = [&](auto change) {
    Arguments changed = good;
    change(changed);
    const auto checked = arguments_schema().check(&changed);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(refusal([](auto& a) { a.subscription_id = ""; }),
            "azure SD configuration requires a subscription_id");
  EXPECT_EQ(
      refusal([](auto& a) { a.oauth = OAuth(); }),
      "exactly one of the blocks oauth, managed_identity, sdk_auth and workload_identity must be specified");
  EXPECT_EQ(
      refusal([](auto& a) { a.managed_identity.reset(); }),
      "exactly one of the blocks oauth, managed_identity, sdk_auth and workload_identity must be specified");
  EXPECT_EQ(
      refusal([](auto& a) { a.client.bearer_token_file = "/t"; }),
      "requests to Azure are authorized by a block of their own: they cannot have another authorization");
}

TEST(AzureMachines, TheResourceGroupOfAnId) {
  EXPECT_EQ(resource_group_of("/subscriptions/1/resourcegroups/shop/providers/x"), "shop");
  EXPECT_EQ(resource_group_of("/subscriptions/1/RESOURCEGROUPS/shop"), "shop");
  EXPECT_EQ(resource_group_of("/subscriptions/1"), "");
}

}  // namespace
}  // namespace invar::components::discovery_azure
