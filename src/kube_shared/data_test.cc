#include "kube_shared/data.h"

#include <gtest/gtest.h>

#include "component/testing/component_harness.h"

namespace invar::kube_shared {
namespace {

using component::HealthState;
using http::testing::answer;
using std::chrono::minutes;

constexpr DataKind kSecret{.plural = "secrets", .works = "got secret", .secret = true};
constexpr DataKind kMap{.plural = "configmaps", .works = "got configmap", .secret = false};

class DataTest : public ::testing::Test {
 protected:
  DataTest() {
    arguments_.space = "shop";
    arguments_.name = "push";
    arguments_.client.api_server = "https://api:6443/";
  }
  void start(const DataKind& kind) {
    registration_ = data_registration({.name = "remote.kubernetes.x"}, kind);
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void serve(int status, const std::string& body) {
    harness_.http->set_handler(
        [=](const http::Request&) { return answer(status, "application/json", body); });
  }
  const std::map<std::string, syntax::OptionalSecretText>& data() const {
    return harness_.exports.back().as<DataExports>().data;
  }

  DataArguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"remote.kubernetes.x.y"};
};

TEST_F(DataTest, ASecretIsDecodedAndSecret) {
  serve(200, R"({"kind": "Secret", "data": {"token": "aHVzaA==", "empty": ""}, "type": "Opaque"})");
  start(kSecret);
  const http::Request& request = harness_.http->exchanges().front()->request;
  EXPECT_EQ(request.url, "https://api:6443/api/v1/namespaces/shop/secrets/push");
  EXPECT_EQ(request.headers.get("Accept"), "application/json");
  ASSERT_EQ(data().size(), 2u);
  EXPECT_EQ(data().at("token").text, "hush");
  EXPECT_TRUE(data().at("token").secret && data().at("empty").secret);
  EXPECT_EQ(harness_.component->health()->message, "got secret");
  EXPECT_EQ(harness_.log_count("hush"), 0);

  harness_.loop.advance(minutes(1));
  EXPECT_EQ(harness_.exports.size(), 1u) << "the same is not exported again";
}

TEST_F(DataTest, AConfigMapHasItsTextsOnly) {
  serve(200, R"({"kind": "ConfigMap", "data": {"url": "http://p:4040\n"}, "binaryData": {"b": "AA=="}})");
  start(kMap);
  ASSERT_EQ(data().size(), 1u);
  EXPECT_EQ(data().at("url").text, "http://p:4040\n");
  EXPECT_FALSE(data().at("url").secret);
  EXPECT_EQ(harness_.http->exchanges().front()->request.url,
            "https://api:6443/api/v1/namespaces/shop/configmaps/push");
}

TEST_F(DataTest, AFailureKeepsTheDataAndSaysWhatTheApiSaid) {
  serve(200, R"({"data": {"token": "aHVzaA=="}})");
  start(kSecret);
  const struct {
    int status;
    const char *body, *want;
  } rows[] = {
      {404, R"({"kind": "Status", "message": "secrets \"push\" not found"})",
       "polling failed: the API server https://api:6443/: secrets \"push\" not found"},
      {403, R"({"message": "secrets \"push\" is forbidden"})",
       "polling failed: the API server https://api:6443/: secrets \"push\" is forbidden; it takes a Role of "
       "the namespace "
       "\"shop\" with the rule {apiGroups: [\"\"], resources: [\"secrets\"], resourceNames: [\"push\"], "
       "verbs: [\"get\"]}"},
      {200, R"({"data": {"token": "%"}})",
       "polling failed: the API server https://api:6443/: the value of \"token\" is no base64"},
      {200, "[]", "polling failed: the API server https://api:6443/: the answer is no object"},
  };
  for (const auto& row : rows) {
    serve(row.status, row.body);
    harness_.loop.advance(minutes(1));
    EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
    EXPECT_EQ(harness_.component->health()->message, row.want);
    EXPECT_EQ(data().at("token").text, "hush");
  }
}

TEST_F(DataTest, ArgumentsAreChecked) {
  const auto checked = [this](const std::function<void(DataArguments&)>& change) {
    DataArguments a = arguments_;
    change(a);
    const auto result = data_arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(checked([](DataArguments&) {}), "");
  EXPECT_EQ(checked([](DataArguments& a) { a.poll_frequency = Duration::zero(); }),
            "poll_frequency must be greater than 0");
  EXPECT_EQ(checked([](DataArguments& a) { a.poll_timeout = Duration::zero(); }),
            "poll_timeout must be greater than 0");
  EXPECT_EQ(checked([](DataArguments& a) { a.name = ""; }), "resource name may not be empty");
  EXPECT_EQ(checked([](DataArguments& a) { a.name = "a/b"; }), "invalid resource name \"a/b\"");
  EXPECT_EQ(checked([](DataArguments& a) { a.space = ".."; }), "invalid namespace name \"..\"");
}

TEST(DataClientSchema, ChecksTheWaysToTheServer) {
  const syntax::Schema& client = *data_arguments_schema().find("client")->block;
  const auto checked = [&](DataClient c) {
    const auto result = client.check(&c);
    return result ? std::string() : result.error().message;
  };
  http::ClientConfig custom;
  custom.bearer_token.value = "t";
  EXPECT_EQ(checked({"https://a", "", custom}), "");
  EXPECT_EQ(checked({"https://a", "/k", {}}), "only one of api_server and kubeconfig_file can be set");
  EXPECT_EQ(checked({"", "/k", custom}),
            "custom HTTP client configuration is not allowed when kubeconfig_file is set");
  EXPECT_EQ(checked({"", "", custom}),
            "api_server must be set when custom HTTP client configuration is provided");
}

}  // namespace
}  // namespace invar::kube_shared
