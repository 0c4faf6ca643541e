// The component against an API server in virtual time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/kubernetes/arguments.h"
#include "components/discovery/kubernetes/component.h"
#include "kube/testing/encode.h"
#include "kube/testing/fake_api.h"

namespace invar::components::discovery_kubernetes {
namespace {

using namespace std::chrono_literals;
using component::HealthState;
using component::TargetExports;
using kube::Resource;
using kube::testing::simple_pod;
using ::testing::HasSubstr;

class KubernetesTest : public ::testing::Test {
 protected:
  static Arguments arguments(const std::string& role = "pod") {
    Arguments a;
    a.role = role;
    a.api_server = "http://api:6443";
    return a;
  }
  void start(Arguments a) {
    ASSERT_TRUE(harness.build(registered, std::move(a)));
    harness.component->start();
    harness.loop.run_until_idle();
  }
  void settle() { harness.loop.advance(6s); }
  // Values of a label in the last export, sorted.
  std::string values(const std::string& label = "__address__") const {
    if (harness.exports.empty()) return "none";
    std::vector<std::string> out;
    for (const auto& target : harness.exports.back().as<TargetExports>().targets)
      out.emplace_back(target.get(label));
    std::ranges::sort(out);
    std::string text;
    for (const auto& value : out) text += value + " ";
    return text;
  }
  std::string health() const { return harness.component->health()->message; }
  bool healthy() const { return harness.component->health()->state == HealthState::kHealthy; }

  component::Registration registered = registration();
  component::testing::ComponentHarness harness{"discovery.kubernetes.x"};
  kube::testing::FakeApi api{*harness.http};
};

TEST_F(KubernetesTest, TheFirstSetIsExportedAtOnceAndChangesFollow) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  api.put(simple_pod("bank", "b", "10.0.0.2", ""));
  start(arguments());
  EXPECT_EQ(values(), "10.0.0.1:8080 10.0.0.2:8080 ");
  EXPECT_TRUE(healthy());
  api.put(simple_pod("shop", "c", "10.0.0.3", ""));
  api.remove(Resource::kPods, "shop/a");
  settle();
  EXPECT_EQ(values(), "10.0.0.2:8080 10.0.0.3:8080 ");
  EXPECT_EQ(harness.metric_lines("prometheus_sd_kubernetes_events_total"),
            "prometheus_sd_kubernetes_events_total{component_id=\"discovery.kubernetes.x\","
            "event=\"add\",role=\"pod\"} 3\n"
            "prometheus_sd_kubernetes_events_total{component_id=\"discovery.kubernetes.x\","
            "event=\"delete\",role=\"pod\"} 1\n"
            "prometheus_sd_kubernetes_events_total{component_id=\"discovery.kubernetes.x\","
            "event=\"update\",role=\"pod\"} 0\n");
}

TEST_F(KubernetesTest, OnlyTheNamedNamespacesAreWatched) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  api.put(simple_pod("bank", "b", "10.0.0.2", ""));
  api.put(simple_pod("other", "c", "10.0.0.3", ""));
  Arguments a = arguments();
  a.namespaces.names = {"shop", "bank"};
  start(a);
  EXPECT_EQ(values(), "10.0.0.1:8080 10.0.0.2:8080 ");
}

TEST_F(KubernetesTest, AForbiddenNamespaceDisturbsNoOther) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  api.put(simple_pod("bank", "b", "10.0.0.2", ""));
  api.refuse("/namespaces/bank/", 403, "pods is forbidden");
  Arguments a = arguments();
  a.namespaces.names = {"shop", "bank"};
  start(a);
  EXPECT_EQ(values(), "10.0.0.1:8080 ");
  EXPECT_THAT(health(), HasSubstr("does not allow to list pods in namespace \"bank\""));
  api.allow();
  harness.loop.advance(2min);
  EXPECT_EQ(values(), "10.0.0.1:8080 10.0.0.2:8080 ");
  EXPECT_EQ(health().find("bank"), std::string::npos) << health();
}

TEST_F(KubernetesTest, WithoutAConnectionItIsUnhealthyAndKeepsItsTargets) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  start(arguments());
  api.refuse("/pods", 401, "Unauthorized");
  api.cut();
  settle();
  EXPECT_EQ(values(), "10.0.0.1:8080 ");
  EXPECT_FALSE(healthy());
  EXPECT_THAT(health(), HasSubstr("does not accept the credentials (401): Unauthorized"));
  api.allow();
  harness.loop.advance(1min);
  EXPECT_TRUE(healthy()) << health();
}

TEST_F(KubernetesTest, NothingIsExportedBeforeSomethingIsKnown) {
  api.refuse("/pods", 403, "pods is forbidden");
  start(arguments());
  settle();
  EXPECT_EQ(values(), "none");
  EXPECT_FALSE(healthy());
}

kube::Endpoints endpoints_of(const std::string& name, const std::string& pod, const std::string& ip) {
  return {.meta = {.name = name, .space = "shop"},
          .subsets = {{.ready = {{ip, "", "n1", kube::Reference{"Pod", "shop", pod}}},
                       .not_ready = {},
                       .ports = {{"http", "TCP", 8080}}}}};
}

// The reference misses all of these until the endpoints object itself changes.
TEST_F(KubernetesTest, EndpointsFollowTheirPodsServicesAndNodes) {
  api.put(endpoints_of("web", "web-1", "10.0.0.1"));
  Arguments a = arguments("endpoints");
  a.attach_metadata.node = true;
  start(a);
  EXPECT_EQ(values("__meta_kubernetes_pod_name"), " ");
  api.put(simple_pod("shop", "web-1", "10.0.0.1", ""));
  settle();
  EXPECT_EQ(values("__meta_kubernetes_pod_name"), "web-1 ");
  kube::Pod labelled = simple_pod("shop", "web-1", "10.0.0.1", "");
  labelled.meta.labels = {{"version", "2"}};
  api.put(labelled);
  api.put(kube::Service{.meta = {.name = "web", .space = "shop", .labels = {{"tier", "front"}}}});
  api.put(kube::Node{.meta = {.name = "n1", .labels = {{"zone", "a"}}}});
  settle();
  EXPECT_EQ(values("__meta_kubernetes_pod_label_version"), "2 ");
  EXPECT_EQ(values("__meta_kubernetes_service_label_tier"), "front ");
  EXPECT_EQ(values("__meta_kubernetes_node_label_zone"), "a ");
  api.remove(Resource::kPods, "shop/web-1");
  settle();
  EXPECT_EQ(values("__meta_kubernetes_pod_name"), " ");
}

TEST_F(KubernetesTest, PodsThatMayNotBeSeenCostTheirLabelsNotTheTargets) {
  api.put(endpoints_of("web", "web-1", "10.0.0.1"));
  api.refuse("/pods", 403, "pods is forbidden");
  start(arguments("endpoints"));
  EXPECT_EQ(values(), "10.0.0.1:8080 ");
  EXPECT_TRUE(healthy());
  EXPECT_THAT(health(), HasSubstr("pods is forbidden"));
}

TEST_F(KubernetesTest, ComponentsOfOneRegistrationShareTheirWatches) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  start(arguments());
  component::testing::ComponentHarness other("discovery.kubernetes.y");
  auto options = harness.options();
  std::optional<component::Boxed> exported;
  options.set_exports = [&](component::Boxed exports) { exported = exports; };
  auto second = registered.build(options, component::Boxed::of(*registered.arguments, arguments()));
  ASSERT_TRUE(second);
  (*second)->start();
  harness.loop.run_until_idle();
  EXPECT_EQ(api.lists(), 1u);
  EXPECT_EQ(api.watches(), 1u);
  ASSERT_TRUE(exported);
  EXPECT_EQ(exported->as<TargetExports>().targets.size(), 1u);
}

TEST_F(KubernetesTest, OtherArgumentsKeepTheTargetsUntilTheNewOnesAreKnown) {
  api.put(simple_pod("shop", "a", "10.0.0.1", ""));
  start(arguments());
  api.refuse("/namespaces/shop", 503, "slow");
  Arguments narrower = arguments();
  narrower.namespaces.names = {"shop"};
  ASSERT_TRUE(harness.update(registered, narrower));
  settle();
  EXPECT_EQ(values(), "10.0.0.1:8080 ");
}

// A task that turns beside counts how often the loop came round before the first set was out, and changes pods all the while.
TEST_F(KubernetesTest, ManyPodsHoldTheLoopForAShortWhileAndMayChangeMeanwhile) {
  constexpr int kPods = 2000;
  const auto name = [](int i) { return "p" + std::to_string(i); };
  const auto address = [](int i, int j) { return fmt::format("10.{}.{}.{}", j, i / 250, i % 250); };
  for (int i = 0; i < kPods; ++i) api.put(simple_pod("shop", name(i), address(i, 0), ""));
  int turns = 0;
  std::function<void()> beside = [&] {
    if (api.watches() == 0 || !harness.exports.empty()) {
      if (harness.exports.empty()) harness.loop.post([&] { beside(); });
      return;
    }
    api.put(simple_pod("shop", name(turns), address(turns, 1), ""));
    api.remove(Resource::kPods, "shop/" + name(kPods - 1 - turns));
    api.put(simple_pod("shop", name(kPods + turns), address(kPods + turns, 2), ""));
    ++turns;
    harness.loop.post([&] { beside(); });
  };
  beside();
  start(arguments());
  EXPECT_GE(turns, kPods / 200);
  settle();
  const std::string after = values();
  harness.stop();
  harness.exports.clear();
  start(arguments());
  EXPECT_EQ(after, values());
}

// Endpoints and what they are made of, changed in any order, with cuts: in the end what a fresh start shows.
TEST_F(KubernetesTest, EveryOrderEndsInWhatAFreshStartShows) {
  Arguments a = arguments("endpoints");
  a.attach_metadata.node = a.attach_metadata.name_space = true;
  start(a);
  std::mt19937 random(7);
  for (int step = 0; step < 400; ++step) {
    const std::string n = std::to_string(random() % 4);
    kube::Pod pod = simple_pod("shop", "p" + n, "10.0.0." + n, "");
    pod.meta.labels = {{"step", std::to_string(step)}};
    kube::Node node{.meta = {.name = "n1", .labels = {{"step", std::to_string(step)}}}};
    switch (random() % 9) {
      case 0:
        api.put(pod);
        break;
      case 1:
        if (api.objects(Resource::kPods).contains("shop/p" + n)) api.remove(Resource::kPods, "shop/p" + n);
        break;
      case 2:
        api.put(endpoints_of("e" + n, "p" + std::to_string(random() % 4), "10.0.0." + n));
        break;
      case 3:
        if (api.objects(Resource::kEndpoints).contains("shop/e" + n))
          api.remove(Resource::kEndpoints, "shop/e" + n);
        break;
      case 4:
        api.put(node);
        break;
      case 5:
        api.put(kube::Service{
            .meta = {.name = "e" + n, .space = "shop", .labels = {{"step", std::to_string(step)}}}});
        break;
      case 6:
        api.put(kube::Namespace{.meta = {.name = "shop", .labels = {{"step", std::to_string(step)}}}});
        break;
      case 7:
        random() % 2 ? api.cut() : api.forget();
        break;
      default:
        harness.loop.advance(std::chrono::milliseconds(random() % 4000));
    }
  }
  harness.loop.advance(1min);
  ASSERT_FALSE(harness.exports.empty());
  auto exported = harness.exports.back().as<TargetExports>().targets;
  harness.stop();
  harness.exports.clear();
  start(a);
  auto fresh = harness.exports.back().as<TargetExports>().targets;
  ASSERT_EQ(exported.size(), fresh.size());
  for (std::size_t i = 0; i < fresh.size(); ++i) EXPECT_EQ(exported[i].to_string(), fresh[i].to_string());
}

TEST(KubernetesArguments, MistakesAreNamed) {
  struct Row {
    std::function<void(Arguments&)> change;
    std::string message;
  };
  const std::vector<Row> rows = {
      {[](Arguments& a) { a.kubeconfig_file = "f"; },
       "cannot use 'kubeconfig_file' and 'api_server' simultaneously"},
      {[](Arguments& a) {
         a.api_server.clear();
         a.client.bearer_token.value = "t";
       },
       "to use custom HTTP client configuration please provide the 'api_server' URL explicitly"},
      {[](Arguments& a) {
         a.api_server.clear();
         a.kubeconfig_file = "f";
         a.client.enable_http2 = false;
       },
       "cannot use a custom HTTP client configuration together with 'kubeconfig_file'"},
      {[](Arguments& a) { a.namespaces.own_namespace = true; },
       "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously"},
      {[](Arguments& a) { a.selectors = {{"service", "a=b", ""}}; },
       "pod role supports only pod, node selectors"},
      {[](Arguments& a) { a.selectors = {{"pod", "a=b", ""}, {"pod", "c=d", ""}}; },
       "duplicated selector role: pod"},
  };
  for (const auto& row : rows) {
    Arguments a;
    a.role = "pod";
    a.api_server = "http://api";
    row.change(a);
    const auto checked = arguments_schema().check(&a);
    ASSERT_FALSE(checked) << row.message;
    EXPECT_EQ(checked.error().message, row.message);
  }
}

}  // namespace
}  // namespace invar::components::discovery_kubernetes
