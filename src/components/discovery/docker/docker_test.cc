#include <gtest/gtest.h>

#include "components/discovery/docker/containers.h"

namespace invar::components::discovery_docker {
namespace {

constexpr const char* kNetworks = R"([
  {"Id": "n1", "Name": "back", "Scope": "local", "Internal": true, "Ingress": false, "Labels": {"a.b": "x"}},
  {"Id": "n2", "Name": "front", "Scope": "local"}])";

std::string container(const std::string& id, const std::string& mode, const std::string& networks,
                      const std::string& ports = "[]", const std::string& more = "") {
  return R"({"Id": ")" + id + R"(", "Names": ["/)" + id + R"("], "HostConfig": {"NetworkMode": ")" + mode +
         R"("}, "NetworkSettings": {"Networks": )" + networks + R"(}, "Ports": )" + ports + more + "}";
}

// "address network_ip port_private/port_public@port_public_ip"
std::string read(const std::string& containers, Arguments arguments = {}) {
  const auto groups = read_containers("[" + containers + "]", kNetworks, arguments);
  if (!groups) return groups.error().message;
  std::string out;
  for (const auto& [source, targets] : *groups)
    for (const auto& t : targets)
      out += std::string(t.get("__address__")) + " " + std::string(t.get("__meta_docker_network_ip")) + " " +
             std::string(t.get("__meta_docker_port_private")) + "/" +
             std::string(t.get("__meta_docker_port_public")) + "@" +
             std::string(t.get("__meta_docker_port_public_ip")) + "\n";
  return out;
}

const std::string kFront = R"({"front": {"NetworkID": "n2", "IPAddress": "10.0.0.2"}})";
const std::string kBoth = R"({"front": {"NetworkID": "n2", "IPAddress": "10.0.0.2"},
                              "back": {"NetworkID": "n1", "IPAddress": "10.1.0.2"}, "a": null})";

TEST(Containers, EachTcpPortIsATarget) {
  EXPECT_EQ(read(container("c", "front", kFront,
                           R"([{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "0.0.0.0"},
                               {"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "::"},
                               {"PrivatePort": 90, "Type": "tcp"}, {"PrivatePort": 53, "Type": "udp"}])")),
            "10.0.0.2:80 10.0.0.2 80/8080@0.0.0.0\n10.0.0.2:90 10.0.0.2 90/@\n")
      << "published on both families: one target";
}

TEST(Containers, WithoutATcpPortTheArgumentIsTaken) {
  Arguments arguments;
  arguments.port = 6060;
  EXPECT_EQ(read(container("c", "front", kFront, R"([{"PrivatePort": 53, "Type": "udp"}])"), arguments),
            "10.0.0.2:6060 10.0.0.2 /@\n");
}

TEST(Containers, OneOrAllNetworks) {
  Arguments arguments;
  EXPECT_EQ(read(container("c", "front", kBoth), arguments), "10.1.0.2:80 10.1.0.2 /@\n");
  arguments.match_first_network = false;
  EXPECT_EQ(read(container("c", "front", kBoth), arguments),
            "10.1.0.2:80 10.1.0.2 /@\n10.0.0.2:80 10.0.0.2 /@\n");
}

TEST(Containers, UseTheNetworkOfTheOneTheyName) {
  EXPECT_EQ(read(container("a", "container:b", "{}") + "," + container("b", "container:c", "{}") + "," +
                 container("c", "front", kFront)),
            "10.0.0.2:80 10.0.0.2 /@\n10.0.0.2:80 10.0.0.2 /@\n10.0.0.2:80 10.0.0.2 /@\n");
  EXPECT_EQ(read(container("a", "container:gone", "{}")), "");
  EXPECT_EQ(read(container("a", "container:b", "{}") + "," + container("b", "container:a", "{}")), "")
      << "a circle";
}

TEST(Containers, OnTheHostsNetworkHaveTheHostsAddress) {
  const std::string host = container("h", "host", R"({"host": {"NetworkID": "x", "IPAddress": ""}})");
  EXPECT_EQ(read(host), "localhost  /@\n");
  EXPECT_EQ(read(host + "," + container("a", "container:h", "{}")), "localhost  /@\nlocalhost  /@\n");
}

TEST(Containers, WithoutAnAddressGiveNoTarget) {
  EXPECT_EQ(read(container("n", "none", R"({"none": {"NetworkID": "x", "IPAddress": ""}})",
                           R"([{"PrivatePort": 80, "Type": "tcp"}])")),
            "");
  EXPECT_EQ(read(container("6", "v6",
                           R"({"v6": {"NetworkID": "x", "IPAddress": "", "GlobalIPv6Address": "fd00::2"}})")),
            "[fd00::2]:80 fd00::2 /@\n");
  EXPECT_EQ(read(R"({"Id": "x", "Names": []})"), "");
}

TEST(Containers, CarryAllLabels) {
  const auto groups = read_containers(
      "[" + container("c", "back", kBoth, "[]", R"(, "Labels": {"app": "shop", "com.é-x": "1"})") + "]",
      kNetworks, {});
  ASSERT_TRUE(groups);
  EXPECT_EQ(
      groups->begin()->second[0].to_string(),
      R"({"__address__"="10.1.0.2:80", "__meta_docker_container_id"="c", "__meta_docker_container_label_app"="shop", )"
      R"("__meta_docker_container_label_com___x"="1", "__meta_docker_container_name"="/c", )"
      R"("__meta_docker_container_network_mode"="back", "__meta_docker_network_id"="n1", )"
      R"("__meta_docker_network_ingress"="false", "__meta_docker_network_internal"="true", )"
      R"("__meta_docker_network_ip"="10.1.0.2", "__meta_docker_network_label_a_b"="x", )"
      R"("__meta_docker_network_name"="back", "__meta_docker_network_scope"="local"})");
}

TEST(Containers, WhatIsNoJsonIsAnError) {
  EXPECT_FALSE(read_containers("{", "[]", {}));
  EXPECT_EQ(read("null, 1, [], {}"), "");
}

TEST(DockerArguments, AreChecked) {
  const auto checked = [](const Arguments& a) {
    const auto result = arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  Arguments a;
  EXPECT_EQ(checked(a), "host attribute must not be empty");
  a.host = "unix:///x";
  EXPECT_EQ(checked(a), "");
  a.client.bearer_token.value = "t";
  EXPECT_EQ(checked(a),
            "options of the HTTP client have no effect with this host: use an http:// or https:// host");
  a.host = "https://x";
  EXPECT_EQ(checked(a), "");
  a.port = 70000;
  EXPECT_EQ(checked(a), "port must be between 0 and 65535");
  a.port = 80;
  a.refresh_interval = Duration::zero();
  EXPECT_EQ(checked(a), "refresh_interval must be greater than 0");
}

}  // namespace
}  // namespace invar::components::discovery_docker
