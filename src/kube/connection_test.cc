// Connections: configuration, exec plugins and credentials before the request, and again when they are not accepted.
#include "kube/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/check.h"
#include "fs/testing/temp_dir.h"
#include "http/testing/harness.h"

namespace invar::kube {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    server = &h.serve([this](const http::ServerRequest& request, const http::ResponderPtr& responder) {
      seen.emplace_back(request.headers.get("Authorization"));
      responder->send({status, {}, "fine"});
    });
    host = {&h.loop(), pool.get(), h.files(), {&h.transport(), [](http::Transport*) {}}, [](const char*) {
              return std::string();
            }};
  }
  void write_plugin(const std::string& script) {
    dir.write("plugin", "#!/bin/sh\n" + script);
    std::filesystem::permissions(dir.path("plugin"), std::filesystem::perms::owner_all);
    dir.write("config",
              "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
              "clusters: [{name: k, cluster: {server: 'http://" +
                  server->address() +
                  "'}}]\n"
                  "users: [{name: u, user: {exec: {apiVersion: v1, command: ./plugin}}}]\n");
  }
  std::string ask(Connection& connection) {
    std::optional<http::testing::Outcome> outcome;
    const auto call = connection.send("/api", {}, [&](http::testing::Outcome o) { outcome = std::move(o); });
    EXPECT_FALSE(outcome) << "never from inside send()";
    EXPECT_TRUE(h.wait([&] { return outcome.has_value(); }));
    return *outcome ? std::to_string((*outcome)->status) : http::testing::failure_text(*outcome);
  }

  http::testing::Harness h;
  fs::testing::TempDir dir;
  std::unique_ptr<async::WorkerPool> pool = async::make_worker_pool(h.loop(), 1, "disk");
  http::Server* server = nullptr;
  int status = 200;
  std::vector<std::string> seen;
  Host host;
};

TEST_F(ConnectionTest, APluginRunsOnceAndAgainWhenItsTokenIsNotAccepted) {
  write_plugin("echo run >>" + dir.path("runs") + "; printf '{\"status\":{\"token\":\"t%s\"}}' $(wc -l <" +
               dir.path("runs") + ")");
  Connection connection(host, {.kubeconfig_file = dir.path("config"), .url = "", .client = {}});
  EXPECT_EQ(ask(connection), "200");
  EXPECT_EQ(ask(connection), "200");
  status = 401;
  EXPECT_EQ(ask(connection), "401");
  status = 200;
  EXPECT_EQ(ask(connection), "200");
  EXPECT_EQ(seen, (std::vector<std::string>{"Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"}));
}

TEST_F(ConnectionTest, ATokenThatExpiresIsRenewedBefore) {
  write_plugin("echo run >>" + dir.path("runs") +
               "; printf '{\"status\":{\"token\":\"t%s\",\"expirationTimestamp\":\"2001-01-01T00:00:00Z\"}}' "
               "$(wc -l <" +
               dir.path("runs") + ")");
  Connection connection(host, {.kubeconfig_file = dir.path("config"), .url = "", .client = {}});
  ask(connection);
  ask(connection);
  EXPECT_EQ(seen, (std::vector<std::string>{"Bearer t1", "Bearer t2"}));
}

TEST_F(ConnectionTest, WhatAPluginSaysOnItsWayDownIsTold) {
  write_plugin("echo long story >&2; echo 'no session, log in first' >&2; exit 3");
  Connection connection(host, {.kubeconfig_file = dir.path("config"), .url = "", .client = {}});
  EXPECT_THAT(ask(connection), HasSubstr("failed with code 3: \"no session, log in first\""));
  write_plugin("printf '{\"status\":{\"token\":\"late\"}}'");
  EXPECT_EQ(ask(connection), "200") << "the next request tries again";
}

TEST_F(ConnectionTest, AConfigurationThatIsNotThereIsToldToEachRequest) {
  Connection connection(host, {.kubeconfig_file = dir.path("none"), .url = "", .client = {}});
  EXPECT_THAT(ask(connection), HasSubstr(dir.path("none")));
}

TEST_F(ConnectionTest, ADroppedRequestIsNeverSent) {
  Connection connection(host, {.kubeconfig_file = "", .url = "http://" + server->address(), .client = {}});
  auto dropped = connection.send("/api", {}, [](const auto&) { FAIL(); });
  dropped.reset();
  EXPECT_EQ(ask(connection), "200");
  EXPECT_EQ(seen.size(), 1u);
}

}  // namespace
}  // namespace invar::kube
