// Objects to targets, for each role; and the index of what was looked at.
#include "components/discovery/kubernetes/roles.h"

#include <gtest/gtest.h>

#include <map>

#include "components/discovery/kubernetes/references.h"

namespace invar::components::discovery_kubernetes {
namespace {

using component::Targets;

// Objects by name; what is not here is not found.
struct World final : Lookup {
  const kube::Service* service(std::string_view space, std::string_view name) override {
    return find(services, space, name);
  }
  const kube::Pod* pod(std::string_view space, std::string_view name) override {
    return find(pods, space, name);
  }
  const kube::Node* node(std::string_view name) override { return find(nodes, "", name); }
  const kube::Namespace* name_space(std::string_view name) override { return find(spaces, "", name); }
  bool wants_nodes() const override { return with_nodes; }

  template <class Kind>
  static const Kind* find(const std::vector<Kind>& all, std::string_view space, std::string_view name) {
    for (const auto& one : all) {
      if (one.meta.space == space && one.meta.name == name) return &one;
    }
    return nullptr;
  }
  std::vector<kube::Service> services;
  std::vector<kube::Pod> pods;
  std::vector<kube::Node> nodes;
  std::vector<kube::Namespace> spaces;
  bool with_nodes = false;
};

// One line a target: its labels without the common prefix, those with `skip` in their name left out.
std::string show(const Targets& targets, const std::string& skip = "") {
  std::string out;
  for (const auto& target : targets) {
    for (const auto& [name, value] : target.labels()) {
      if (!skip.empty() && name.find(skip) != std::string::npos) continue;
      out += name.starts_with("__meta_kubernetes_") ? name.substr(18) : name;
      out.append("=").append(value).append(" ");
    }
    out += "\n";
  }
  return out;
}

kube::Pod pod() {
  kube::Pod p;
  p.meta.name = "web-1";
  p.meta.space = "shop";
  p.meta.uid = "u1";
  p.ip = "10.0.0.1";
  p.host_ip = "192.168.0.1";
  p.node = "n1";
  p.phase = "Running";
  p.ready = "True";
  p.containers = {{"app", "app:1", "containerd://1", false, {{"http", "TCP", 8080}, {"grpc", "TCP", 9090}}}};
  return p;
}

TEST(PodRole, EveryPortOfEveryContainerIsATarget) {
  World world;
  kube::Pod p = pod();
  p.meta.labels = {{"app.kubernetes.io/name", "web"}};
  p.meta.annotations = {{"profiles.grafana.com/cpu.scrape", "true"}};
  p.meta.controller_kind = "ReplicaSet";
  p.meta.controller_name = "web";
  p.containers = {{"app", "app:1", "containerd://1", false, {{"http", "TCP", 8080}}},
                  {"side", "side:1", "", false, {}},
                  {"setup", "setup:1", "", true, {}}};
  const std::string group =
      "namespace=shop pod_annotation_profiles_grafana_com_cpu_scrape=true "
      "pod_annotationpresent_profiles_grafana_com_cpu_scrape=true ";
  const std::string rest =
      "pod_controller_kind=ReplicaSet pod_controller_name=web pod_host_ip=192.168.0.1 pod_ip=10.0.0.1 "
      "pod_label_app_kubernetes_io_name=web pod_labelpresent_app_kubernetes_io_name=true pod_name=web-1 "
      "pod_node_name=n1 pod_phase=Running pod_ready=true pod_uid=u1 \n";
  EXPECT_EQ(
      show(targets_of(p, world)),
      "__address__=10.0.0.1:8080 " + group +
          "pod_container_id=containerd://1 pod_container_image=app:1 pod_container_init=false "
          "pod_container_name=app pod_container_port_name=http pod_container_port_number=8080 "
          "pod_container_port_protocol=TCP " +
          rest + "__address__=10.0.0.1 " + group +
          "pod_container_id= pod_container_image=side:1 pod_container_init=false pod_container_name=side " +
          rest + "__address__=10.0.0.1 " + group +
          "pod_container_id= pod_container_image=setup:1 pod_container_init=true pod_container_name=setup " +
          rest);
}

TEST(PodRole, LabelsAreTheTextsOfThePodNotCopies) {
  World world;
  const kube::Pod p = pod();
  const component::Target target = targets_of(p, world).front();
  EXPECT_EQ(target.get("__meta_kubernetes_pod_uid").data(), p.meta.uid.view().data());
  EXPECT_EQ(target.get("__meta_kubernetes_pod_container_image").data(), p.containers[0].image.view().data());
}

TEST(PodRole, APodWithoutAddressIsNoTarget) {
  World world;
  kube::Pod p = pod();
  p.ip = {};
  EXPECT_TRUE(targets_of(p, world).empty());
}

TEST(PodRole, ReadinessAndIpv6) {
  World world;
  kube::Pod p = pod();
  p.containers[0].ports.resize(1);
  p.ip = "fd00::1";
  for (const auto& [status, label] : std::map<std::string, std::string>{
           {"True", "true"}, {"False", "false"}, {"Unknown", "unknown"}, {"", "unknown"}}) {
    p.ready = status;
    const auto targets = targets_of(p, world);
    EXPECT_EQ(targets[0].get("__meta_kubernetes_pod_ready"), label);
    EXPECT_EQ(targets[0].get("__address__"), "[fd00::1]:8080");
  }
}

TEST(PodRole, LabelsOfNodeAndNamespaceAreAttached) {
  World world;
  world.with_nodes = true;
  EXPECT_TRUE(targets_of(pod(), world).empty()) << "the node is not known";
  world.nodes.push_back({.meta = {.name = "n1", .labels = {{"zone", "a"}}}});
  world.spaces.push_back({.meta = {.name = "shop", .labels = {{"team", "x"}}, .annotations = {{"n", "1"}}}});
  const auto targets = targets_of(pod(), world);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].get("__meta_kubernetes_node_name"), "n1");
  EXPECT_EQ(targets[0].get("__meta_kubernetes_node_label_zone"), "a");
  EXPECT_EQ(targets[0].get("__meta_kubernetes_namespace_label_team"), "x");
  EXPECT_EQ(targets[0].get("__meta_kubernetes_namespace_annotationpresent_n"), "true");
}

TEST(NodeRole, TheBestAddressWithTheKubeletsPort) {
  World world;
  kube::Node node{
      .meta = {.name = "n1", .labels = {{"zone", "a"}}},
      .provider_id = "p:1",
      .conditions = {{"Ready", "True"}, {"MemoryPressure", "False"}},
      .addresses = {{"Hostname", "n1.local"}, {"InternalIP", "10.0.0.9"}, {"InternalIP", "10.0.0.8"}},
      .kubelet_port = 10250};
  EXPECT_EQ(show(targets_of(node, world)),
            "__address__=10.0.0.9:10250 node_address_Hostname=n1.local node_address_InternalIP=10.0.0.9 "
            "node_condition_memorypressure=false node_condition_ready=true node_label_zone=a "
            "node_labelpresent_zone=true node_name=n1 node_provider_id=p:1 instance=n1 \n");
  node.addresses = {{"Hostname", "n1.local"}};
  EXPECT_EQ(targets_of(node, world)[0].get("__address__"), "n1.local:10250");
  node.addresses.clear();
  EXPECT_TRUE(targets_of(node, world).empty());
}

TEST(ServiceRole, ATargetForEachPortByType) {
  World world;
  kube::Service service{.meta = {.name = "web", .space = "shop"},
                        .type = "ClusterIP",
                        .cluster_ip = "10.1.0.1",
                        .external_name = "",
                        .load_balancer_ip = "",
                        .ip_families = {},
                        .ports = {{"http", "TCP", 80}}};
  const std::string port = "service_port_name=http service_port_number=80 service_port_protocol=TCP ";
  EXPECT_EQ(show(targets_of(service, world)),
            "__address__=web.shop.svc:80 namespace=shop service_cluster_ip=10.1.0.1 service_name=web " +
                port + "service_type=ClusterIP \n");
  service.type = "ExternalName";
  service.external_name = "example.org";
  EXPECT_EQ(show(targets_of(service, world)),
            "__address__=web.shop.svc:80 namespace=shop service_external_name=example.org service_name=web " +
                port + "service_type=ExternalName \n");
  service.type = "LoadBalancer";
  EXPECT_EQ(show(targets_of(service, world)),
            "__address__=web.shop.svc:80 namespace=shop service_cluster_ip=10.1.0.1 service_loadbalancer_ip= "
            "service_name=web " +
                port + "service_type=LoadBalancer \n");
  service.ports.clear();
  EXPECT_TRUE(targets_of(service, world).empty());
}

TEST(EndpointsRole, AddressesWithTheirPodsAndThePortsThatNoEndpointHas) {
  World world;
  world.pods.push_back(pod());
  world.services.push_back({.meta = {.name = "web", .space = "shop", .labels = {{"tier", "front"}}}});
  const kube::Reference reference{"Pod", "shop", "web-1"};
  kube::Endpoints endpoints{.meta = {.name = "web", .space = "shop"},
                            .subsets = {{.ready = {{"10.0.0.1", "h", "n1", reference}},
                                         .not_ready = {{"10.0.0.5", "", "", {}}},
                                         .ports = {{"http", "SCTP", 8080}}}}};
  EXPECT_EQ(
      show(targets_of(endpoints, world), "_pod_p"),
      "__address__=10.0.0.1:8080 endpoint_address_target_kind=Pod endpoint_address_target_name=web-1 "
      "endpoint_hostname=h endpoint_node_name=n1 endpoint_port_name=http endpoint_port_protocol=SCTP "
      "endpoint_ready=true endpoints_name=web namespace=shop pod_container_image=app:1 "
      "pod_container_init=false pod_container_name=app pod_container_port_name=http "
      "pod_container_port_number=8080 pod_container_port_protocol=SCTP pod_host_ip=192.168.0.1 "
      "pod_ip=10.0.0.1 pod_name=web-1 pod_node_name=n1 pod_ready=true pod_uid=u1 service_label_tier=front "
      "service_labelpresent_tier=true service_name=web \n"
      "__address__=10.0.0.5:8080 endpoint_port_name=http endpoint_port_protocol=SCTP endpoint_ready=false "
      "endpoints_name=web namespace=shop service_label_tier=front service_labelpresent_tier=true "
      "service_name=web \n"
      "__address__=10.0.0.1:9090 endpoints_name=web namespace=shop pod_container_image=app:1 "
      "pod_container_init=false pod_container_name=app pod_container_port_name=grpc "
      "pod_container_port_number=9090 pod_container_port_protocol=TCP pod_host_ip=192.168.0.1 "
      "pod_ip=10.0.0.1 "
      "pod_name=web-1 pod_node_name=n1 pod_ready=true pod_uid=u1 service_label_tier=front "
      "service_labelpresent_tier=true service_name=web \n");
  world.pods[0].ip = {};
  EXPECT_EQ(targets_of(endpoints, world).size(), 2u) << "no further ports of a pod without address";
}

TEST(EndpointsRole, NodesByNameOrByReference) {
  World world;
  world.with_nodes = true;
  world.nodes.push_back({.meta = {.name = "n1", .labels = {{"zone", "a"}}}});
  kube::Endpoints endpoints{.meta = {.name = "kubelet", .space = "kube-system"},
                            .subsets = {{.ready = {{"10.0.0.1", "", "", kube::Reference{"Node", "", "n1"}},
                                                   {"10.0.0.2", "", "n1", {}},
                                                   {"10.0.0.3", "", "n2", {}}},
                                         .not_ready = {},
                                         .ports = {{"http", "TCP", 10250}}}}};
  const auto targets = targets_of(endpoints, world);
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].get("__meta_kubernetes_node_label_zone"), "a");
  EXPECT_EQ(targets[1].get("__meta_kubernetes_node_label_zone"), "a");
  EXPECT_EQ(targets[2].get("__meta_kubernetes_node_name"), "")
      << "an unknown node costs its labels, not the target";
}

kube::EndpointSlice slice() {
  kube::EndpointSlice s;
  s.meta = {.name = "web-x", .space = "shop", .labels = {{"kubernetes.io/service-name", "web"}}};
  s.address_type = "IPv4";
  s.endpoints = {{.addresses = {"10.0.0.1"},
                  .ready = true,
                  .serving = true,
                  .terminating = false,
                  .hostname = "h",
                  .node = "n1",
                  .zone = "a",
                  .target = kube::Reference{"Pod", "shop", "web-1"},
                  .topology = {{"x/y", "z"}}}};
  s.ports = {{.name = "http", .protocol = "TCP", .app_protocol = "h2c", .number = 8080}};
  return s;
}

TEST(EndpointSliceRole, EveryAddressAndPortWithWhatIsSet) {
  World world;
  EXPECT_EQ(
      show(targets_of(slice(), world)),
      "__address__=10.0.0.1:8080 endpointslice_address_target_kind=Pod "
      "endpointslice_address_target_name=web-1 "
      "endpointslice_address_type=IPv4 endpointslice_endpoint_conditions_ready=true "
      "endpointslice_endpoint_conditions_serving=true endpointslice_endpoint_conditions_terminating=false "
      "endpointslice_endpoint_hostname=h endpointslice_endpoint_node_name=n1 "
      "endpointslice_endpoint_topology_present_x_y=true endpointslice_endpoint_topology_x_y=z "
      "endpointslice_endpoint_zone=a endpointslice_label_kubernetes_io_service_name=web "
      "endpointslice_labelpresent_kubernetes_io_service_name=true endpointslice_name=web-x "
      "endpointslice_port=8080 endpointslice_port_app_protocol=h2c endpointslice_port_name=http "
      "endpointslice_port_protocol=TCP namespace=shop \n");
  kube::EndpointSlice bare = slice();
  bare.endpoints = {{.addresses = {"10.0.0.1", "10.0.0.2"}}};
  bare.ports = {{}};
  const auto targets = targets_of(bare, world);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[1].get("__address__"), "10.0.0.2");
  EXPECT_FALSE(targets[1].labels().contains("__meta_kubernetes_endpointslice_port_name"));
  bare.ports.clear();
  EXPECT_TRUE(targets_of(bare, world).empty());
}

TEST(EndpointSliceRole, PodsServicesAndTheSecondFamily) {
  World world;
  world.pods.push_back(pod());
  world.services.push_back({.meta = {.name = "web", .space = "shop"},
                            .type = "",
                            .cluster_ip = "",
                            .external_name = "",
                            .load_balancer_ip = "",
                            .ip_families = {"IPv4", "IPv6"},
                            .ports = {}});
  const auto targets = targets_of(slice(), world);
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].get("__meta_kubernetes_service_name"), "web");
  EXPECT_EQ(targets[0].get("__meta_kubernetes_pod_container_port_protocol"), "TCP");
  EXPECT_EQ(targets[1].get("__address__"), "10.0.0.1:9090");
  kube::EndpointSlice second = slice();
  second.address_type = "IPv6";
  EXPECT_TRUE(targets_of(second, world).empty());
}

TEST(IngressRole, ATargetForEachPath) {
  World world;
  kube::Ingress ingress{
      .meta = {.name = "web", .space = "shop"},
      .class_name = "nginx",
      .tls_hosts = {{"*.example.org", "exact.test"}, {}},
      .rules = {{"a.example.org", {"/x", "/y"}}, {"a.b.example.org", {}}, {"exact.test", {""}}, {"", {}}}};
  EXPECT_EQ(show(targets_of(ingress, world), "_name"),
            "__address__=a.example.org ingress_host=a.example.org ingress_path=/x ingress_scheme=https "
            "\n"
            "__address__=a.example.org ingress_host=a.example.org ingress_path=/y ingress_scheme=https "
            "\n"
            "__address__=a.b.example.org ingress_host=a.b.example.org ingress_path=/ ingress_scheme=http "
            "\n"
            "__address__=exact.test ingress_host=exact.test ingress_path=/ ingress_scheme=https \n"
            "__address__= ingress_host= ingress_path=/ ingress_scheme=http \n");
  EXPECT_EQ(targets_of(ingress, world)[0].get("__meta_kubernetes_ingress_class_name"), "nginx");
}

TEST(ReferencesTest, FindsTheGroupsOfAnObjectAndForgets) {
  References references;
  references.set("g1", {"pod/a", "pod/b", "pod/a"});
  references.set("g2", {"pod/b"});
  EXPECT_EQ(references.groups_of("pod/b"), (std::vector<std::string>{"g1", "g2"}));
  references.set("g1", {"pod/c"});
  EXPECT_EQ(references.groups_of("pod/a"), std::vector<std::string>{});
  EXPECT_EQ(references.groups_of("pod/b"), std::vector<std::string>{"g2"});
  EXPECT_EQ(references.groups_of("pod/c"), std::vector<std::string>{"g1"});
  references.set("g1", {});
  references.set("g2", {});
  EXPECT_TRUE(references.groups_of("pod/c").empty());
}

}  // namespace
}  // namespace invar::components::discovery_kubernetes
