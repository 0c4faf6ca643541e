#include <gtest/gtest.h>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "moby/client.h"
#include "moby/discoverer.h"
#include "moby/events.h"
#include "moby/host.h"

namespace invar::moby {
namespace {

using http::testing::answer;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Host, IsParsed) {
  const struct {
    const char *text, *url, *socket;
    bool options;
  } rows[] = {
      {"unix:///var/run/docker.sock", "http://docker", "/var/run/docker.sock", false},
      {"tcp://10.0.0.1:2375", "http://10.0.0.1:2375", "", false},
      {"http://h:2375/", "http://h:2375", "", true},
      {"https://u:p@h:2376/base", "https://u:p@h:2376/base", "", true},
  };
  for (const auto& row : rows) {
    const auto host = parse_host(row.text);
    ASSERT_TRUE(host) << row.text;
    EXPECT_EQ(host->base_url, row.url);
    EXPECT_EQ(host->unix_socket, row.socket);
    EXPECT_EQ(host->takes_options, row.options);
    EXPECT_EQ(host->shown.find(":p@"), std::string::npos) << "no password";
  }
  for (const char* text : {"", "/var/run/docker.sock", "unix://", "unix://run/docker.sock", "ssh://h",
                           "npipe:////./pipe/docker", "http://"})
    EXPECT_FALSE(parse_host(text)) << text;
  EXPECT_EQ(parse_host("ssh://h").error().message,
            "parsing host attribute: \"ssh\" hosts are not supported, use unix, tcp, http or https");
}

TEST(FilterQuery, ValuesOfOneNameComeTogether) {
  EXPECT_EQ(filter_query({{"label", {"a=\"b\""}}, {"status", {"running"}}, {"label", {"c"}}}),
            "filters=" + http::query_escape(R"({"label":["a=\"b\"","c"],"status":["running"]})"));
}

TEST(EventsThatMatter, CommandsInContainersDoNot) {
  const struct {
    const char* event;
    bool want;
  } rows[] = {
      {R"({"Type":"container","Action":"start"})", true},
      {R"({"Type":"container","Action":"die"})", true},
      {R"({"Type":"network","Action":"connect"})", true},
      {R"({"Type":"service","Action":"update"})", true},
      {R"({"Type":"container","Action":"exec_create: /bin/true"})", false},
      {R"({"Type":"container","Action":"health_status: healthy"})", false},
      {R"({"Type":"image","Action":"pull"})", false},
      {R"({"Type":"container"})", true},
      {"not json", true},
      {"[]", false},
  };
  for (const auto& row : rows) EXPECT_EQ(matters(row.event), row.want) << row.event;
}

class MobyDiscovererTest : public ::testing::Test {
 protected:
  MobyDiscovererTest() {
    harness_.http->set_handler([this](const http::Request& r) -> std::optional<http::testing::Answer> {
      asked_ += r.url.substr(std::string("http://docker").size()) + " ";
      EXPECT_EQ(r.unix_socket, "/run/d.sock");
      if (r.url.ends_with("/events")) return std::nullopt;
      if (!alive_) return http::testing::failure(http::FailureKind::kConnect, "no such socket: /run/d.sock");
      if (r.url.ends_with("/_ping")) return answer(200, "text/plain", "OK", {{"Api-Version", version_}});
      if (status_ != 200) return answer(status_, "application/json", R"({"message":"not a manager"})");
      return answer(200, "application/json", "[]");
    });
    auto made =
        make_discoverer(harness_.options(), "unix:///run/d.sock", {}, seconds(60),
                        {.mechanism = "docker", .paths = {"/a", "/b"}, .read = [](const Client::Bodies& b) {
                           EXPECT_EQ(b.size(), 2u);
                           return Result<component::Groups>();
                         }});
    discoverer_ = std::move(*made);
  }
  void start() {
    discoverer_->start(publisher_);
    harness_.loop.run_until_idle();
  }
  http::testing::Exchange& events() {
    for (auto it = harness_.http->exchanges().rbegin(); it != harness_.http->exchanges().rend(); ++it)
      if ((*it)->request.url.ends_with("/events")) return **it;
    ADD_FAILURE() << "nobody asked for events";
    return *harness_.http->exchanges().front();
  }
  std::string changes() { return discoverer_->debug_info().statements[0].value->as_string(); }

  component::testing::ComponentHarness harness_{"discovery.docker.x"};
  component::GroupPublisher publisher_{harness_.options()};
  std::unique_ptr<component::Discoverer> discoverer_;
  std::string asked_, version_ = "1.41";
  int status_ = 200;
  bool alive_ = true;
};

TEST_F(MobyDiscovererTest, AsksForAllInTheAgreedVersionAndAgainWhenToldOfAChange) {
  start();
  EXPECT_EQ(asked_, "/events /_ping /v1.41/a /v1.41/b ");
  asked_.clear();
  events().send_part("");
  events().send_part(R"({"Type":"container","Action":"exec_start: x"})"
                     "\n{\"Type\":\"cont");
  harness_.loop.advance(seconds(1));
  asked_.clear();
  events().send_part("ainer\",\"Action\":\"start\"}\n{\"Type\":\"network\",\"Action\":\"connect\"}\n");
  harness_.loop.advance(milliseconds(100));
  EXPECT_EQ(asked_, "/v1.41/a /v1.41/b ") << "once for all";
  EXPECT_EQ(changes(), "told by the daemon");
}

TEST_F(MobyDiscovererTest, AStreamThatEndsIsOpenedAgain) {
  start();
  events().send_part("\n");
  harness_.loop.advance(milliseconds(200));
  events().respond(http::testing::failure(http::FailureKind::kProtocol, "the server closed the connection"));
  harness_.loop.run_until_idle();
  EXPECT_EQ(changes(), "found at the interval: the server closed the connection");
  asked_.clear();
  harness_.loop.advance(seconds(1));
  EXPECT_EQ(asked_, "/v1.41/events ");
}

TEST_F(MobyDiscovererTest, SaysWhatIsWrongAndAgreesAnew) {
  alive_ = false;
  start();
  EXPECT_EQ(publisher_.health().message, "no targets yet: unix:///run/d.sock: no such socket: /run/d.sock");
  alive_ = true;
  status_ = 503;
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(publisher_.health().message,
            "no targets yet: unix:///run/d.sock/a answers 503 Service Unavailable: not a manager");
  status_ = 200;
  version_ = "1.50";
  asked_.clear();
  harness_.loop.advance(seconds(60));
  EXPECT_NE(asked_.find("/_ping /v1.44/a /v1.44/b "), std::string::npos) << asked_;
  EXPECT_EQ(publisher_.health().state, component::HealthState::kHealthy);
}

TEST_F(MobyDiscovererTest, ADaemonThatIsTooOldIsSaidSo) {
  version_ = "1.39";
  start();
  EXPECT_EQ(publisher_.health().message,
            "no targets yet: unix:///run/d.sock speaks API version \"1.39\", 1.40 or newer is needed");
}

}  // namespace
}  // namespace invar::moby
