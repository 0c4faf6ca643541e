#include <gtest/gtest.h>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/kubelet/arguments.h"
#include "components/discovery/kubelet/component.h"
#include "components/discovery/kubelet/pod_list.h"

namespace invar::components::discovery_kubelet {
namespace {

using component::HealthState;
using component::TargetExports;
using http::testing::answer;
using std::chrono::seconds;

constexpr const char* kPods = R"({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [
  {"metadata": {"name": "web-1", "namespace": "shop", "uid": "u1", "labels": {"app.io/name": "web"},
                "annotations": {"a": "b"},
                "ownerReferences": [{"kind": "Other", "name": "no"}, {"kind": "ReplicaSet", "name": "web", "controller": true}]},
   "spec": {"nodeName": "n1",
            "containers": [{"name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}]}],
            "initContainers": [{"name": "init", "image": "init:1"}]},
   "status": {"podIP": "10.0.0.1", "hostIP": "192.168.0.1", "phase": "Running",
              "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
              "containerStatuses": [{"name": "app", "containerID": "containerd://aa"}]}},
  {"metadata": {"name": "db", "namespace": "bank"}, "spec": {"containers": [{"name": "db"}]}, "status": {"podIP": "fd00::1"}},
  {"metadata": {"name": "pending", "namespace": "shop"}, "spec": {"containers": [{"name": "x"}]}, "status": {}}
]})";

class KubeletTest : public ::testing::Test {
 protected:
  void start() {
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void serve(int status, const std::string& body) {
    harness_.http->set_handler(
        [=](const http::Request&) { return answer(status, "application/json", body); });
  }
  std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    if (harness_.exports.empty()) return {"none"};
    for (const auto& target : harness_.exports.back().as<TargetExports>().targets)
      out.emplace_back(target.get("__address__"));
    return out;
  }

  Arguments arguments_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.kubelet.x"};
};

TEST_F(KubeletTest, ItsPodsHaveTheLabelsOfTheRolePod) {
  serve(200, kPods);
  start();
  EXPECT_EQ(harness_.http->exchanges().front()->request.url, "https://localhost:10250/pods");
  EXPECT_EQ(addresses(), (std::vector<std::string>{"fd00::1", "10.0.0.1:80", "10.0.0.1"}));
  const auto& targets = harness_.exports.back().as<TargetExports>().targets;
  const std::map<std::string, std::string, std::less<>> want = {
      {"__address__", "10.0.0.1:80"},
      {"__meta_kubernetes_namespace", "shop"},
      {"__meta_kubernetes_pod_annotation_a", "b"},
      {"__meta_kubernetes_pod_annotationpresent_a", "true"},
      {"__meta_kubernetes_pod_container_id", "containerd://aa"},
      {"__meta_kubernetes_pod_container_image", "app:1"},
      {"__meta_kubernetes_pod_container_init", "false"},
      {"__meta_kubernetes_pod_container_name", "app"},
      {"__meta_kubernetes_pod_container_port_name", "http"},
      {"__meta_kubernetes_pod_container_port_number", "80"},
      {"__meta_kubernetes_pod_container_port_protocol", "TCP"},
      {"__meta_kubernetes_pod_controller_kind", "ReplicaSet"},
      {"__meta_kubernetes_pod_controller_name", "web"},
      {"__meta_kubernetes_pod_host_ip", "192.168.0.1"},
      {"__meta_kubernetes_pod_ip", "10.0.0.1"},
      {"__meta_kubernetes_pod_label_app_io_name", "web"},
      {"__meta_kubernetes_pod_labelpresent_app_io_name", "true"},
      {"__meta_kubernetes_pod_name", "web-1"},
      {"__meta_kubernetes_pod_node_name", "n1"},
      {"__meta_kubernetes_pod_phase", "Running"},
      {"__meta_kubernetes_pod_ready", "false"},
      {"__meta_kubernetes_pod_uid", "u1"},
  };
  EXPECT_EQ(targets[1].to_map(), want);
  EXPECT_EQ(targets[2].get("__meta_kubernetes_pod_container_init"), "true");
}

TEST_F(KubeletTest, TakesTheNamespacesAskedForAndASlashInTheUrl) {
  arguments_.namespaces = {"bank"};
  arguments_.url = "http://node:10255/";
  serve(200, kPods);
  start();
  EXPECT_EQ(harness_.http->exchanges().front()->request.url, "http://node:10255/pods");
  EXPECT_EQ(addresses(), (std::vector<std::string>{"fd00::1"}));
}

TEST_F(KubeletTest, WhatIsNoListOfPodsKeepsTheTargets) {
  serve(200, kPods);
  start();
  const struct {
    int status;
    const char *body, *want;
  } rows[] = {
      {403, "",
       "error response from kubelet: 403 Forbidden; the credentials need the right to `get` the resource "
       "nodes/proxy"},
      {200, R"({"kind": "Status", "status": "Failure"})",
       "error unmarshaling response body: the answer is no list of pods but of kind \"Status\""},
      {200, "[]", "the answer is no list of pods but of kind \"\""},
      {200, "{", "error unmarshaling response body: "},
  };
  for (const auto& row : rows) {
    serve(row.status, row.body);
    harness_.loop.advance(seconds(5));
    EXPECT_EQ(addresses().size(), 3u) << row.want;
    EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
    EXPECT_NE(harness_.component->health()->message.find(row.want), std::string::npos)
        << harness_.component->health()->message;
  }
  serve(200, R"({"kind": "PodList", "items": null})");
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
  harness_.loop.advance(seconds(5));
  EXPECT_EQ(addresses(), std::vector<std::string>{}) << "a node without pods";
}

TEST(KubeletArguments, AreChecked) {
  Arguments arguments;
  EXPECT_TRUE(arguments_schema().check(&arguments));
  arguments.refresh_interval = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&arguments).error().message, "refresh_interval must be greater than 0");
}

}  // namespace
}  // namespace invar::components::discovery_kubelet
