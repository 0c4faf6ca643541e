#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/unique_fd.h"
#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/dns/discovery.h"
#include "fs/testing/memory_fs.h"

namespace invar::components::discovery_dns {
namespace {

std::string text(const component::Targets& targets) {
  std::string out;
  for (const auto& t : targets) out += t.to_string() + "\n";
  return out;
}

TEST(DnsTargets, EveryType) {
  EXPECT_EQ(
      text(targets_of("_p._tcp.x", {{"h1.x", "6060"}}, RecordType::kSrv, 0)),
      R"({"__address__"="h1.x:6060", "__meta_dns_mx_record_target"="", "__meta_dns_name"="_p._tcp.x", )"
      R"("__meta_dns_ns_record_target"="", "__meta_dns_srv_record_port"="6060", "__meta_dns_srv_record_target"="h1.x."})"
      "\n");
  const struct {
    RecordType type;
    const char *host, *address, *label;
  } rows[] = {{RecordType::kA, "10.0.0.1", "10.0.0.1:80", nullptr},
              {RecordType::kAaaa, "fd00::1", "[fd00::1]:80", nullptr},
              {RecordType::kMx, "mail.x", "mail.x:80", "__meta_dns_mx_record_target"},
              {RecordType::kNs, "ns.x", "ns.x:80", "__meta_dns_ns_record_target"}};
  for (const auto& row : rows) {
    const auto targets = targets_of("x", {{row.host, ""}}, row.type, 80);
    EXPECT_EQ(targets[0].get("__address__"), row.address);
    if (row.label != nullptr) {
      EXPECT_EQ(targets[0].get(row.label), std::string(row.host) + ".");
    }
  }
}

TEST(DnsArguments, AreChecked) {
  const auto checked = [](const Arguments& a) {
    const auto result = arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  Arguments a{.names = {"x"}};
  EXPECT_EQ(checked(a), "");
  a.type = RecordType::kA;
  EXPECT_EQ(checked(a), "a port is required in DNS-SD configs for all record types except SRV");
  a.port = 70000;
  EXPECT_EQ(checked(a), "port must be between 0 and 65535");
  a.port = 80;
  a.refresh_interval = Duration::zero();
  EXPECT_EQ(checked(a), "refresh_interval must be greater than 0");
  EXPECT_EQ(parse_record_type("txt").error().message,
            "invalid DNS-SD records type \"txt\"; it is one of SRV, A, AAAA, MX and NS");
  EXPECT_EQ(*parse_record_type("aaaa"), RecordType::kAaaa);
}

// A real dnsmasq on a port of its own.
class DnsServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/sbin/dnsmasq")) GTEST_SKIP() << "dnsmasq is not installed";
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = std::to_string(10'000 + (getpid() * 7 + attempt * 1009) % 20'000);
      if (serve()) return;
      stop();
    }
    FAIL() << "dnsmasq does not answer";
  }
  void TearDown() override { stop(); }

  // Whether it has begun to listen, which it says on its standard error.
  bool serve() {
    std::vector<std::string> arguments = {"/usr/sbin/dnsmasq",
                                          "--no-daemon",
                                          "--no-resolv",
                                          "--no-hosts",
                                          "--conf-file=/dev/null",
                                          "--port=" + port_,
                                          "--listen-address=127.0.0.1",
                                          "--bind-interfaces",
                                          "--user=",
                                          "--group=",
                                          "--edns-packet-max=512",
                                          "--local=/test/",
                                          "--host-record=a.test,10.0.0.1",
                                          "--host-record=two.test,10.0.0.2",
                                          "--host-record=two.test,10.0.0.3",
                                          "--host-record=six.test,fd00::6",
                                          "--cname=alias.test,a.test",
                                          "--srv-host=_p._tcp.test,h2.test,6061",
                                          "--srv-host=_p._tcp.test,h1.test,6060",
                                          "--srv-host=_none._tcp.test",
                                          "--mx-host=test,mail.test,10",
                                          "--dns-rr=ns.test,2,036e7331047465737400"};
    for (int i = 0; i < 200; ++i) arguments.push_back("--host-record=many.test,10.1.0." + std::to_string(i));
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int said[2];
    if (pipe(said) != 0) return false;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(said[1], STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(said[1]);
    said_ = UniqueFd(said[0]);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(said_.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
      if (text.find("started, version") != std::string::npos) return true;
    }
    return false;
  }
  void stop() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  Resolver::Answers look_up(std::vector<std::string> names, RecordType type) {
    const auto loop = async::RealLoop::create();
    const auto pool = async::make_worker_pool(*loop, 1, "dns");
    Resolver resolver(*loop, *pool, fs::testing::MemoryFileSystem::create(), "127.0.0.1:" + port_);
    Resolver::Answers out;
    loop->post([&] {
      resolver.look_up(std::move(names), type, [&](Resolver::Answers answers) {
        out = std::move(answers);
        loop->stop();
      });
    });
    loop->run();
    return out;
  }
  // "host:port host:port", or the error.
  std::string found(const std::string& name, RecordType type) {
    const auto answers = look_up({name}, type);
    const auto& records = answers.at(name);
    if (!records) return "error: " + records.error().message;
    std::string out;
    for (const Record& record : *records) out += (out.empty() ? "" : " ") + record.host + ":" + record.port;
    return out;
  }

  std::string port_;
  pid_t pid_ = 0;
  UniqueFd said_;
};

TEST_F(DnsServerTest, EveryTypeOfRecord) {
  EXPECT_EQ(found("a.test", RecordType::kA), "10.0.0.1:");
  EXPECT_EQ(found("two.test", RecordType::kA), "10.0.0.2: 10.0.0.3:")
      << "sorted, whatever the server's order";
  EXPECT_EQ(found("six.test", RecordType::kAaaa), "fd00::6:");
  EXPECT_EQ(found("alias.test", RecordType::kA), "10.0.0.1:") << "through a CNAME";
  EXPECT_EQ(found("_p._tcp.test", RecordType::kSrv), "h1.test:6060 h2.test:6061");
  EXPECT_EQ(found("_none._tcp.test", RecordType::kSrv), "") << "the root: there is no such service";
  EXPECT_EQ(found("test", RecordType::kMx), "mail.test:");
  EXPECT_EQ(found("ns.test", RecordType::kNs), "ns1.test:");
  EXPECT_EQ(found("missing.test", RecordType::kA), "") << "no such name";
  EXPECT_EQ(found("a.test", RecordType::kAaaa), "") << "no such record";
}

TEST_F(DnsServerTest, AnAnswerThatDoesNotFitComesOverTcp) {
  const auto answers = look_up({"many.test"}, RecordType::kA);
  ASSERT_TRUE(answers.at("many.test")) << answers.at("many.test").error().message;
  EXPECT_EQ(answers.at("many.test")->size(), 200u);
}

TEST_F(DnsServerTest, ARefusalIsAnErrorOfThatNameAlone) {
  const auto answers = look_up({"elsewhere.example", "a.test"}, RecordType::kA);
  EXPECT_FALSE(answers.at("elsewhere.example"));
  EXPECT_TRUE(answers.at("a.test"));
}

TEST_F(DnsServerTest, WithoutAServerTheOtherNamesAndTheLastTargetsStay) {
  stop();
  EXPECT_TRUE(found("a.test", RecordType::kA).starts_with("error: Could not contact DNS servers"));
}

}  // namespace
}  // namespace invar::components::discovery_dns
