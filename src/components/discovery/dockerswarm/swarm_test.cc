#include <gtest/gtest.h>

#include "components/discovery/dockerswarm/arguments.h"
#include "components/discovery/dockerswarm/targets.h"

namespace invar::components::discovery_dockerswarm {
namespace {

constexpr const char* kNetworks = R"([{"Id": "in", "Name": "ingress", "Scope": "swarm", "Ingress": true},
  {"Id": "ov", "Name": "shop", "Scope": "swarm", "Labels": {"team": "a"}}])";

constexpr const char* kServices = R"([
  {"ID": "s1", "Spec": {"Name": "web", "Labels": {"app.kind": "shop"}, "Mode": {"Replicated": {"Replicas": 2}},
    "TaskTemplate": {"ContainerSpec": {"Image": "web:1", "Hostname": "h"}}},
   "UpdateStatus": {"State": "completed"},
   "Endpoint": {"Ports": [{"Name": "http", "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "ingress"},
                          {"Protocol": "udp", "TargetPort": 53, "PublishedPort": 53}],
                "VirtualIPs": [{"NetworkID": "in", "Addr": "10.0.0.5/24"}, {"NetworkID": "ov", "Addr": "10.1.0.5/24"}]}},
  {"ID": "s2", "Spec": {"Name": "agent", "Mode": {"Global": {}}, "TaskTemplate": {"ContainerSpec": {"Image": "a"}}},
   "Endpoint": {"VirtualIPs": [{"NetworkID": "ov", "Addr": "10.1.0.6/24"}]}},
  {"ID": "s3", "Spec": {"Name": "plugin", "TaskTemplate": {"PluginSpec": {}}}, "Endpoint": {"VirtualIPs": [{"Addr": "10.9.0.1/8"}]}}])";

constexpr const char* kNodes = R"([
  {"ID": "n1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"zone": "z1"}},
   "Description": {"Hostname": "host1", "Platform": {"Architecture": "x86_64", "OS": "linux"}, "Engine": {"EngineVersion": "20.10"}},
   "Status": {"State": "ready", "Addr": "192.0.2.1"}, "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "192.0.2.1:2377"}},
  {"ID": "n2", "Spec": {"Role": "worker"}, "Status": {"State": "down", "Addr": "fd00::2"}}])";

constexpr const char* kTasks = R"([
  {"ID": "t1", "ServiceID": "s1", "NodeID": "n1", "Slot": 1, "DesiredState": "running",
   "Spec": {"ContainerSpec": {"Labels": {"c": "d"}}},
   "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"},
              "PortStatus": {"Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 30001, "PublishMode": "host"},
                                       {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 30001, "PublishMode": "host"}]}},
   "NetworksAttachments": [{"Network": {"ID": "ov"}, "Addresses": ["10.1.0.9/24"]}]},
  {"ID": "t2", "ServiceID": "s2", "NodeID": "n2", "DesiredState": "shutdown", "Status": {"State": "failed"},
   "NetworksAttachments": [{"Network": {"ID": "ov"}, "Addresses": ["10.1.0.10/24"]}]},
  {"ID": "t3", "ServiceID": "s2", "DesiredState": "running", "Status": {"State": "pending"}}])";

component::Targets all(const Result<component::Groups>& groups) {
  component::Targets out;
  if (groups)
    for (const auto& [source, targets] : *groups) out.insert(out.end(), targets.begin(), targets.end());
  return out;
}

std::string addresses(const component::Targets& targets) {
  std::string out;
  for (const auto& t : targets) out += std::string(t.get("__address__")) + " ";
  return out;
}

TEST(Services, EachVirtualAddressWithEachTcpPort) {
  const auto targets = all(read_services(kServices, kNetworks, 90));
  EXPECT_EQ(addresses(targets), "10.1.0.6:90 10.0.0.5:8080 10.1.0.5:8080 ") << "a plugin gives none";
  EXPECT_EQ(
      targets[2].to_string(),
      R"({"__address__"="10.1.0.5:8080", "__meta_dockerswarm_network_id"="ov", )"
      R"("__meta_dockerswarm_network_ingress"="false", "__meta_dockerswarm_network_internal"="false", )"
      R"("__meta_dockerswarm_network_label_team"="a", "__meta_dockerswarm_network_name"="shop", )"
      R"("__meta_dockerswarm_network_scope"="swarm", "__meta_dockerswarm_service_endpoint_port_name"="http", )"
      R"("__meta_dockerswarm_service_endpoint_port_publish_mode"="ingress", "__meta_dockerswarm_service_id"="s1", )"
      R"("__meta_dockerswarm_service_label_app_kind"="shop", "__meta_dockerswarm_service_mode"="replicated", )"
      R"("__meta_dockerswarm_service_name"="web", "__meta_dockerswarm_service_task_container_hostname"="h", )"
      R"("__meta_dockerswarm_service_task_container_image"="web:1", "__meta_dockerswarm_service_updating_status"="completed"})");
  EXPECT_EQ(targets[0].get("__meta_dockerswarm_service_mode"), "global");
}

TEST(Tasks, PublishedAtTheNodeAndListeningInTheirNetworks) {
  const auto targets = all(read_tasks(kTasks, kServices, kNodes, kNetworks, 90));
  EXPECT_EQ(addresses(targets), "192.0.2.1:30001 10.1.0.9:80 10.1.0.10:90 ")
      << "the port on which the container listens, and each target once";
  EXPECT_EQ(
      targets[1].to_string(),
      R"({"__address__"="10.1.0.9:80", "__meta_dockerswarm_container_label_c"="d", "__meta_dockerswarm_network_id"="ov", )"
      R"("__meta_dockerswarm_network_ingress"="false", "__meta_dockerswarm_network_internal"="false", )"
      R"("__meta_dockerswarm_network_label_team"="a", "__meta_dockerswarm_network_name"="shop", )"
      R"("__meta_dockerswarm_network_scope"="swarm", "__meta_dockerswarm_node_address"="192.0.2.1", )"
      R"("__meta_dockerswarm_node_availability"="active", "__meta_dockerswarm_node_hostname"="host1", )"
      R"("__meta_dockerswarm_node_id"="n1", "__meta_dockerswarm_node_label_zone"="z1", )"
      R"("__meta_dockerswarm_node_platform_architecture"="x86_64", "__meta_dockerswarm_node_platform_os"="linux", )"
      R"("__meta_dockerswarm_node_role"="manager", "__meta_dockerswarm_node_status"="ready", )"
      R"("__meta_dockerswarm_service_id"="s1", "__meta_dockerswarm_service_label_app_kind"="shop", )"
      R"("__meta_dockerswarm_service_mode"="replicated", "__meta_dockerswarm_service_name"="web", )"
      R"("__meta_dockerswarm_task_container_id"="c1", "__meta_dockerswarm_task_desired_state"="running", )"
      R"("__meta_dockerswarm_task_id"="t1", "__meta_dockerswarm_task_port_publish_mode"="ingress", )"
      R"("__meta_dockerswarm_task_slot"="1", "__meta_dockerswarm_task_state"="running"})");
  EXPECT_EQ(targets[2].get("__meta_dockerswarm_task_slot"), "0");
  EXPECT_FALSE(targets[2].labels().contains("__meta_dockerswarm_task_container_id"));
}

TEST(Nodes, EachWithThePort) {
  const auto targets = all(read_nodes(kNodes, 9323));
  EXPECT_EQ(addresses(targets), "192.0.2.1:9323 [fd00::2]:9323 ");
  EXPECT_EQ(targets[0].get("__meta_dockerswarm_node_engine_version"), "20.10");
  EXPECT_EQ(targets[0].get("__meta_dockerswarm_node_manager_leader"), "true");
  EXPECT_EQ(targets[0].get("__meta_dockerswarm_node_manager_reachability"), "reachable");
  EXPECT_EQ(targets[0].get("__meta_dockerswarm_node_manager_address"), "192.0.2.1:2377");
  EXPECT_FALSE(targets[1].labels().contains("__meta_dockerswarm_node_manager_leader"));
}

TEST(SwarmAnswers, WhatIsNoJsonIsAnError) {
  EXPECT_FALSE(read_services("[", "[]", 80));
  EXPECT_FALSE(read_tasks("[]", "[]", "x", "[]", 80));
  EXPECT_FALSE(read_nodes("", 80));
  EXPECT_TRUE(read_nodes("null", 80));
}

TEST(SwarmArguments, Role) {
  EXPECT_EQ(parse_role("pods").error().message,
            "invalid role \"pods\"; it is one of services, tasks and nodes");
  EXPECT_EQ(*parse_role("tasks"), Role::kTasks);
}

}  // namespace
}  // namespace invar::components::discovery_dockerswarm
