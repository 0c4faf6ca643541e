// Kubeconfigs, service accounts, exec plugins and refusals: pure parts of the client.
#include "kube/server_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/testing/memory_fs.h"
#include "http/backoff.h"
#include "kube/connection.h"

namespace invar::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kKubeconfig = R"(apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: test
  context: {cluster: other, user: nobody}
- name: prod
  context: {cluster: main, user: admin, namespace: shop}
clusters:
- name: main
  cluster:
    server: https://10.0.0.1:6443/
    certificate-authority: ca.pem
    tls-server-name: api.internal
    proxy-url: http://proxy:3128
- name: other
  cluster: {server: "https://other", insecure-skip-tls-verify: true}
users:
- name: admin
  user:
    client-certificate-data: Y2VydA==
    client-key: keys/admin.key
- name: nobody
  user: {}
)";

TEST(Kubeconfig, TheCurrentContextCountsAndPathsBelongToItsFolder) {
  const auto config = parse_kubeconfig(kKubeconfig, "/etc/kube");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->url, "https://10.0.0.1:6443/");
  EXPECT_EQ(config->space, "shop");
  EXPECT_EQ(config->client.tls->ca_file, "/etc/kube/ca.pem");
  EXPECT_EQ(config->client.tls->server_name, "api.internal");
  EXPECT_EQ(config->client.tls->cert_pem, "cert");
  EXPECT_EQ(config->client.tls->key_file, "/etc/kube/keys/admin.key");
  EXPECT_EQ(config->client.proxy.proxy_url, "http://proxy:3128");
}

// A kubeconfig with one cluster, whose user is given.
Result<ServerConfig> with_user(const std::string& user, const std::string& cluster = "server: https://h") {
  return parse_kubeconfig(
      "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters:\n- name: k\n  "
      "cluster: {" +
          cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n",
      "/etc/kube");
}

TEST(Kubeconfig, UsersOfEveryKind) {
  EXPECT_EQ(with_user("token: abc")->client.authorization->credentials.value, "abc");
  EXPECT_EQ(with_user("token: abc, tokenFile: t")->client.authorization->credentials_file, "/etc/kube/t");
  EXPECT_EQ(with_user("username: a, password: b")->client.basic_auth->password.value, "b");
  const auto exec = with_user(
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [a, b], env: [{name: "
      "X, value: y}], "
      "provideClusterInfo: true}");
  ASSERT_TRUE(exec) << exec.error().message;
  EXPECT_EQ(exec->exec->arguments, (std::vector<std::string>{"/etc/kube/./get-token", "a", "b"}));
  EXPECT_EQ(exec->exec->environment[0], (std::pair<std::string, std::string>{"X", "y"}));
  EXPECT_EQ(exec->exec->environment[1].first, "KUBERNETES_EXEC_INFO");
  EXPECT_EQ(
      exec->exec->environment[1].second,
      R"({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "spec": {"cluster": {"server": "https://h"}, "interactive": false}})");
}

TEST(Kubeconfig, MistakesAreNamed) {
  EXPECT_EQ(parse_kubeconfig("just text", "").error().message, "it is no kubeconfig");
  EXPECT_EQ(parse_kubeconfig("kind: Config", "").error().message, "it has no current-context");
  EXPECT_EQ(parse_kubeconfig("current-context: x", "").error().message, "it has no context \"x\"");
  EXPECT_THAT(parse_kubeconfig("a: [", "").error().message, HasSubstr("line 1: "));
  EXPECT_EQ(with_user("token: a", "x: y").error().message, "its cluster has no server");
  EXPECT_EQ(with_user("client-key-data: '%'").error().message, "its client-key-data is not base64");
  EXPECT_EQ(with_user("exec: {args: [a]}").error().message, "its exec plugin has no command");
  EXPECT_THAT(with_user("auth-provider: {name: gcp}").error().message, HasSubstr("write an exec plugin"));
}

TEST(ExecCredentials, TokensCertificatesAndTheirExpiry) {
  const auto credential = parse_exec_credential(
      R"({"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"}})");
  ASSERT_TRUE(credential) << credential.error().message;
  EXPECT_EQ(credential->token.value, "t");
  EXPECT_EQ(credential->expires_unix_ns, 1'893'456'000'000'000'000);
  const auto certificate =
      parse_exec_credential(R"({"status":{"clientCertificateData":"-----BEGIN\nx","clientKeyData":"k"}})");
  EXPECT_EQ(certificate->certificate_pem, "-----BEGIN\nx");
  EXPECT_EQ(parse_exec_credential("{}").error().message, "it printed no ExecCredential with a status");
  EXPECT_EQ(parse_exec_credential(R"({"status":{"a":1}})").error().message,
            "it printed neither a token nor a certificate");
}

class InCluster : public ::testing::Test {
 protected:
  static constexpr const char* kFolder = "/var/run/secrets/kubernetes.io/serviceaccount/";
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(files->make_directories(kFolder, 0700));
    ASSERT_TRUE(files->write_file_atomically(kFolder + name, text, 0600, false));
  }
  Result<ServerConfig> load_it() {
    return load({}, *files, [this](const char* name) { return environment[name]; });
  }
  std::shared_ptr<fs::testing::MemoryFileSystem> files = fs::testing::MemoryFileSystem::create();
  std::map<std::string, std::string> environment = {{"KUBERNETES_SERVICE_HOST", "fd00::1"},
                                                    {"KUBERNETES_SERVICE_PORT", "443"}};
};

TEST_F(InCluster, TheServiceAccountOfThePod) {
  put("token", "t");
  put("ca.crt", "c");
  put("namespace", "shop\n");
  const auto config = load_it();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->url, "https://[fd00::1]:443");
  EXPECT_EQ(config->space, "shop");
  EXPECT_EQ(config->client.authorization->credentials_file, std::string(kFolder) + "token");
  EXPECT_EQ(config->client.tls->ca_file, std::string(kFolder) + "ca.crt");
}

TEST_F(InCluster, WhatIsMissingIsNamed) {
  EXPECT_THAT(load_it().error().message, HasSubstr("unable to read the token of the service account: "));
  environment.clear();
  EXPECT_THAT(load_it().error().message,
              HasSubstr("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"));
}

TEST(Backoff, GrowsToHalfAMinuteAndKeepsWhatTheServerAsks) {
  EXPECT_EQ(http::backoff(1, 0, {}), 200ms);
  EXPECT_EQ(http::backoff(1, 1, {}), 100ms);
  EXPECT_EQ(http::backoff(3, 0, {}), 800ms);
  EXPECT_EQ(http::backoff(100, 0, {}), 30s);
  EXPECT_EQ(http::backoff(1, 0, 5s), 5s);
  EXPECT_EQ(http::backoff(1, 0, 1h), 60s);
}

}  // namespace
}  // namespace invar::kube
