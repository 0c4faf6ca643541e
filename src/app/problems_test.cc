// Every component says what does not work: each is broken here in the ways in which it can be broken while it runs, and then the
// trouble must stand in the problems of the API and on the status page, and what keeps a component from its work in /-/healthy.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "app/commands.h"
#include "app/testing/profile_text.h"
#include "app/testing/virtual_daemon.h"

namespace invar::app {
namespace {

using component::Severity;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::VirtualDaemon;

using Act = void (*)(VirtualDaemon&);

struct Breakage {
  const char* component;
  const char* how;
  std::string config;
  Act before;  // the world in which it works
  Act broken;
  Severity severity;
  const char* sentence;  // a part of it
};

http::testing::Answer nobody(const http::Request&) {
  return http::testing::failure(http::FailureKind::kConnect, "connection refused");
}

void all_refused(VirtualDaemon& invar) {
  invar.http->set_handler(
      [](const http::Request& request) -> std::optional<http::testing::Answer> { return nobody(request); });
  invar.loop.advance(minutes(2));
}
// Targets go on giving profiles, which then wait.
void server_refuses(VirtualDaemon& invar) {
  invar.http->set_handler([&invar](const http::Request& request) -> std::optional<http::testing::Answer> {
    if (request.method == "POST") return nobody(request);
    return http::testing::answer(200, "application/octet-stream",
                                 *testing::make_profile({"goroutine", "4"}, invar.loop.unix_ns()));
  });
  invar.loop.advance(minutes(2));
}
void disk_broken(VirtualDaemon& invar) {
  invar.faults->inject({.code = ErrorCode::kPermissionDenied, .stay_broken = true});
  invar.loop.advance(minutes(2));
}

constexpr const char* kScrape = R"(
pyroscope.scrape "x" {
  targets    = [{"__address__" = "app:80", "service_name" = "shop"}]
  forward_to = [RECEIVER]
  profiling_config {
    profile.process_cpu { enabled = false }
    profile.memory { enabled = false }
    profile.mutex { enabled = false }
    profile.block { enabled = false }
  }
}
)";
const std::string kWrite =
    std::string(kScrape).replace(std::string(kScrape).find("RECEIVER"), 8, "pyroscope.write.x.receiver") +
    "pyroscope.write \"x\" {\n  endpoint { url = \"http://server:4040\" }\n}\n";
const std::string kArchive =
    std::string(kScrape).replace(std::string(kScrape).find("RECEIVER"), 8, "pyroscope.fsdump.x.receiver") +
    "pyroscope.fsdump \"x\" { target_directory = \"/archive\" }\n";

constexpr const char* kTargets = R"([{"targets": ["a:80"], "labels": {"service_name": "shop"}}])";

std::optional<http::testing::Answer> targets(const http::Request&) {
  return http::testing::answer(200, "application/json", kTargets);
}

// A Docker daemon that runs nothing.
std::optional<http::testing::Answer> docker(const http::Request& request) {
  if (request.url.ends_with("/events")) return std::nullopt;
  return http::testing::answer(200, "application/json", "[]", {{"Api-Version", "1.41"}});
}

// Targets give profiles; servers answer pushes with `status`.
void serve(VirtualDaemon& invar, int status) {
  invar.http->set_handler(
      [&invar, status](const http::Request& request) -> std::optional<http::testing::Answer> {
        if (request.method == "POST") return http::testing::answer(status, "application/proto", "");
        return http::testing::answer(200, "application/octet-stream",
                                     *testing::make_profile({"goroutine", "4"}, invar.loop.unix_ns()));
      });
}
void working(VirtualDaemon& invar) {
  serve(invar, 200);
}

const std::vector<Breakage>& breakages() {
  static const std::vector<Breakage> all = {
      {"pyroscope.scrape", "a target that is down", kWrite, &working, &all_refused, Severity::kDegraded,
       "connection refused"},
      {"pyroscope.scrape", "a target without an address",
       "pyroscope.scrape \"x\" {\n  targets = [{\"service_name\" = \"shop\"}]\n  forward_to = []\n}\n",
       [](VirtualDaemon&) {}, [](VirtualDaemon& invar) { invar.loop.advance(seconds(15)); },
       Severity::kDegraded, "no address"},
      {"pyroscope.write", "a server that is down", kWrite, &working, &server_refuses, Severity::kDegraded,
       "connection refused"},
      {"pyroscope.write", "a disk that takes nothing", kWrite, &working,
       [](VirtualDaemon& invar) {
         serve(invar, 503);
         disk_broken(invar);
       },
       Severity::kDegraded, "profiles wait in memory only"},
      {"pyroscope.fsdump", "a disk that takes nothing", kArchive, &working, &disk_broken, Severity::kFailing,
       "profiles are not stored"},
      {"pyroscope.fsdump", "a full disk", kArchive, &working,
       [](VirtualDaemon& invar) {
         invar.disk->set_capacity(0);
         invar.loop.advance(minutes(2));
       },
       Severity::kFailing, "profiles are not stored"},
      {"discovery.http", "a server that is down",
       "discovery.http \"x\" {\n  url = \"http://inventory:80/\"\n  refresh_interval = \"30s\"\n}\n",
       [](VirtualDaemon& invar) { invar.http->set_handler(&targets); }, &all_refused, Severity::kFailing,
       "connection refused"},
      {"discovery.kubernetes", "an API server that is down",
       "discovery.kubernetes \"x\" {\n  role = \"pod\"\n  api_server = \"http://api:6443\"\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"discovery.docker", "a daemon that is down",
       "discovery.docker \"x\" {\n  host = \"tcp://docker:2375\"\n}\n",
       [](VirtualDaemon& invar) { invar.http->set_handler(&docker); }, &all_refused, Severity::kFailing,
       "connection refused"},
      {"discovery.dockerswarm", "a daemon that is down",
       "discovery.dockerswarm \"x\" {\n  host = \"tcp://docker:2375\"\n  role = \"tasks\"\n}\n",
       [](VirtualDaemon& invar) { invar.http->set_handler(&docker); }, &all_refused, Severity::kFailing,
       "connection refused"},
      {"discovery.kubelet", "a kubelet that is down",
       "discovery.kubelet \"x\" {\n  url = \"http://node:10255\"\n}\n", [](VirtualDaemon&) {}, &all_refused,
       Severity::kFailing, "connection refused"},
      {"discovery.consul", "a Consul that is down",
       "discovery.consul \"x\" {\n  server = \"consul:8500\"\n}\n", [](VirtualDaemon&) {}, &all_refused,
       Severity::kFailing, "connection refused"},
      {"discovery.consulagent", "an agent that is down",
       "discovery.consulagent \"x\" {\n  server = \"consul:8500\"\n}\n", [](VirtualDaemon&) {}, &all_refused,
       Severity::kFailing, "connection refused"},
      {"discovery.nomad", "a Nomad that is down",
       "discovery.nomad \"x\" {\n  server = \"http://nomad:4646\"\n}\n", [](VirtualDaemon&) {}, &all_refused,
       Severity::kFailing, "connection refused"},
      {"discovery.ec2", "an AWS that is down",
       "discovery.ec2 \"x\" {\n  region = \"r\"\n  access_key = \"k\"\n  secret_key = \"s\"\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"remote.s3", "an S3 that is down",
       "remote.s3 \"x\" {\n  path = \"s3://b/f\"\n  poll_frequency = \"31s\"\n  client {\n    key = \"k\"\n  "
       "  secret = \"s\"\n    region = "
       "\"r\"\n  }\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"discovery.gce", "a Google that is down",
       "discovery.gce \"x\" {\n  project = \"p\"\n  zone = \"z\"\n}\n", [](VirtualDaemon&) {}, &all_refused,
       Severity::kFailing, "connection refused"},
      {"discovery.azure", "an Azure that is down",
       "discovery.azure \"x\" {\n  subscription_id = \"s\"\n  managed_identity {\n    client_id = \"c\"\n  "
       "}\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "no answer within the time limit"},
      {"remote.vault", "a Vault that is down",
       "remote.vault \"x\" {\n  server = \"http://vault:8200\"\n  path = \"a/b\"\n  auth.token {\n    token "
       "= \"t\"\n  "
       "}\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"remote.kubernetes.secret", "an API server that is down",
       "remote.kubernetes.secret \"x\" {\n  namespace = \"a\"\n  name = \"b\"\n  client {\n    api_server = "
       "\"http://api:6443\"\n  }\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"remote.kubernetes.configmap", "an API server that is down",
       "remote.kubernetes.configmap \"x\" {\n  namespace = \"a\"\n  name = \"b\"\n  client {\n    api_server "
       "= "
       "\"http://api:6443\"\n  }\n}\n",
       [](VirtualDaemon&) {}, &all_refused, Severity::kFailing, "connection refused"},
      {"local.file_match", "a pattern that is none",
       "local.file_match \"x\" {\n  path_targets = [{\"__path__\" = \"/etc/[a\"}]\n}\n",
       [](VirtualDaemon&) {}, [](VirtualDaemon& invar) { invar.loop.advance(seconds(15)); },
       Severity::kDegraded, "has a syntax error"},
      {"remote.http", "a server that is down", "remote.http \"x\" {\n  url = \"http://inventory:80/\"\n}\n",
       [](VirtualDaemon& invar) { invar.http->set_handler(&targets); }, &all_refused, Severity::kFailing,
       "connection refused"},
      {"discovery.file", "a file that cannot be parsed",
       "discovery.file \"x\" {\n  files = [\"/etc/targets/*.json\"]\n  refresh_interval = \"30s\"\n}\n",
       [](VirtualDaemon& invar) { invar.write_file("/etc/targets/a.json", kTargets); },
       [](VirtualDaemon& invar) {
         invar.write_file("/etc/targets/a.json", "[{");
         invar.loop.advance(minutes(2));
       },
       Severity::kDegraded, "a.json"},
      {"local.file", "a file that is gone", "local.file \"x\" {\n  filename = \"/etc/token\"\n}\n",
       [](VirtualDaemon& invar) { invar.write_file("/etc/token", "secret"); },
       [](VirtualDaemon& invar) {
         (void)invar.disk->remove("/etc/token");
         invar.loop.advance(minutes(2));
       },
       Severity::kFailing, "/etc/token"},
      {"pyroscope.java", "a target without a process",
       "pyroscope.java \"x\" {\n  targets = [{\"service_name\" = \"shop\"}]\n  forward_to = []\n}\n",
       [](VirtualDaemon&) {}, [](VirtualDaemon& invar) { invar.loop.advance(seconds(15)); },
       Severity::kDegraded, "could not find PID label"},
      {"pyroscope.receive_http", "a client that asks for what does not exist",
       "pyroscope.receive_http \"x\" {\n  http {\n    listen_address = \"0.0.0.0\"\n    listen_port = 9999\n "
       " }\n"
       "  forward_to = []\n}\n",
       [](VirtualDaemon&) {},
       [](VirtualDaemon& invar) {
         (void)invar.network.send("0.0.0.0:9999",
                                  {.method = "POST", .target = "/no/such/path", .peer = "10.1.2.3:4"});
         invar.loop.run_until_idle();
       },
       Severity::kDegraded, ""},
  };
  return all;
}

const component::Problem* find(const component::ComponentView& view, const Breakage& breakage) {
  const auto found = std::ranges::find_if(view.problems, [&](const component::Problem& problem) {
    return problem.severity == breakage.severity &&
           problem.sentence.find(breakage.sentence) != std::string::npos;
  });
  return found == view.problems.end() ? nullptr : &*found;
}

class BrokenComponent : public ::testing::TestWithParam<Breakage> {};

TEST_P(BrokenComponent, SaysSo) {
  const Breakage& breakage = GetParam();
  const std::string id = std::string(breakage.component) + ".x";
  VirtualDaemon invar;
  breakage.before(invar);
  ASSERT_EQ(invar.start(breakage.config), "");
  invar.loop.advance(seconds(20));
  breakage.broken(invar);

  const auto view = invar.components().details(id);
  ASSERT_TRUE(view);
  const component::Problem* problem = find(*view, breakage);
  ASSERT_NE(problem, nullptr) << "problems: " << view->problems.size()
                              << ", health: " << view->health.message;
  EXPECT_THAT(invar.get("/api/v0/web/components/" + id).body,
              HasSubstr(fmt::format("\"problems\":[{{\"severity\":\"{}\"", to_string(breakage.severity))));
  EXPECT_THAT(invar.get("/").body, HasSubstr("<h3>Problems</h3>"));
  const bool failing = breakage.severity == Severity::kFailing;
  EXPECT_EQ(invar.get("/-/healthy").status, failing ? 500 : 200);
  EXPECT_EQ(view->health.state == component::HealthState::kUnhealthy, failing);
}

INSTANTIATE_TEST_SUITE_P(Ways, BrokenComponent, ::testing::ValuesIn(breakages()), [](const auto& info) {
  std::string name = std::string(info.param.component) + "_" + info.param.how;
  std::ranges::replace_if(name, [](char c) { return c == '.' || c == ' '; }, '_');
  return name;
});

TEST(BrokenArchive, CountsWhatItLosesByTheClassOfTheError) {
  const auto reason_after = [](Act broken) {
    VirtualDaemon invar;
    working(invar);
    EXPECT_EQ(invar.start(kArchive), "");
    invar.loop.advance(seconds(20));
    broken(invar);
    const std::string metrics = invar.get("/metrics").body;
    const auto at = metrics.find("reason=\"", metrics.find("\npyroscope_ledger_dropped_total{"));
    return at == std::string::npos ? "" : metrics.substr(at + 8, metrics.find('"', at + 8) - at - 8);
  };
  EXPECT_EQ(reason_after(&disk_broken), "permission denied");
  EXPECT_EQ(reason_after([](VirtualDaemon& invar) {
              invar.disk->set_capacity(0);
              invar.loop.advance(minutes(2));
            }),
            "disk full");
  EXPECT_EQ(reason_after([](VirtualDaemon& invar) {  // a file stands where the folder was
              invar.faults->inject({.code = ErrorCode::kInvalidArgument, .stay_broken = true});
              invar.loop.advance(minutes(2));
            }),
            "no directory");
}

TEST(BrokenArchive, IsHealthyAgainWhenItStoresAgain) {
  VirtualDaemon invar;
  working(invar);
  ASSERT_EQ(invar.start(kArchive), "");
  invar.loop.advance(seconds(20));
  disk_broken(invar);
  EXPECT_EQ(invar.get("/-/healthy").status, 500);
  invar.faults->clear();
  invar.loop.advance(seconds(30));
  EXPECT_EQ(invar.get("/-/healthy").status, 200);
  EXPECT_THAT(invar.components().details("pyroscope.fsdump.x")->problems, ::testing::IsEmpty());
}

TEST(BrokenComponents, AreAllThatCanBreakWhileTheyRun) {
  // They only pass on, or read what the kernel always shows, and have nothing outside that could fail. A new component is either
  // here or above; those whose other side is a program have their tests with that.
  std::set<std::string> covered = {"discovery.relabel", "pyroscope.relabel", "pyroscope.enrich",
                                   "discovery.process", "discovery.dns",     "pyroscope.ebpf"};
  for (const Breakage& breakage : breakages()) covered.insert(breakage.component);
  for (const auto& registration : components().all())
    EXPECT_TRUE(covered.contains(registration.name)) << registration.name << " is never broken in a test";
}

}  // namespace
}  // namespace invar::app
