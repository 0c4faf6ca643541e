#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/http/arguments.h"
#include "components/discovery/http/component.h"
#include "components/discovery/http/discovery.h"

namespace invar::components::discovery_http {
namespace {

using component::HealthState;
using component::TargetExports;
using http::testing::answer;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kUrl = "http://sd:80/t";
constexpr const char* kJson = "application/json";

class HttpDiscoveryTest : public ::testing::Test {
 protected:
  Arguments arguments() {
    Arguments a;
    a.url = kUrl;
    return a;
  }
  void start(Arguments a) {
    ASSERT_TRUE(harness_.build(registration_, std::move(a)));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void serve(int status, const std::string& type, const std::string& body) {
    harness_.http->set_handler([=](const http::Request&) { return answer(status, type, body); });
  }
  // The last export: one line per target.
  std::string targets() const {
    if (harness_.exports.empty()) return "none";
    std::string out;
    for (const auto& target : harness_.exports.back().as<TargetExports>().targets)
      out += target.to_string() + "\n";
    return out;
  }

  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.http.x"};
};

TEST_F(HttpDiscoveryTest, ExportsTheWorkedExample) {
  serve(200, kJson,
        R"([{"targets": ["10.0.0.1:8080", "10.0.0.2"], "labels": {"env": "prod", "__scheme__": "https"}},
            {"targets": [], "labels": {"env": "old"}}])");
  start(arguments());
  EXPECT_EQ(
      targets(),
      "{\"__address__\"=\"10.0.0.1:8080\", \"__meta_url\"=\"http://sd:80/t\", \"__scheme__\"=\"https\", "
      "\"env\"=\"prod\"}\n"
      "{\"__address__\"=\"10.0.0.2\", \"__meta_url\"=\"http://sd:80/t\", \"__scheme__\"=\"https\", "
      "\"env\"=\"prod\"}\n");
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
  EXPECT_EQ(harness_.component->health()->message, "found 2 targets");

  serve(500, "text/plain", "");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.exports.size(), 1u) << "an answer 500 keeps all";
  serve(200, kJson, R"([{"targets": ["10.0.0.1:8080"]}])");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(targets(), "{\"__address__\"=\"10.0.0.1:8080\", \"__meta_url\"=\"http://sd:80/t\"}\n");
  serve(200, kJson, "[]");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(targets(), "") << "an answer [] removes all";
}

TEST_F(HttpDiscoveryTest, AListMayBePackedOnItsWay) {
  std::string packed;
  codec::Deflater().gzip(R"([{"targets": ["a"]}])", packed);
  harness_.http->set_handler(
      [=](const http::Request&) { return answer(200, kJson, packed, {{"Content-Encoding", "gzip"}}); });
  start(arguments());
  EXPECT_EQ(targets(), "{\"__address__\"=\"a\", \"__meta_url\"=\"http://sd:80/t\"}\n");
}

TEST_F(HttpDiscoveryTest, TheUrlLabelIsOursAsConfigured) {
  serve(200, kJson, R"([{"targets": ["a"], "labels": {"__meta_url": "forged"}}])");
  Arguments a = arguments();
  a.url = "http://sd/t?team=x";
  start(a);
  EXPECT_EQ(targets(), "{\"__address__\"=\"a\", \"__meta_url\"=\"http://sd/t?team=x\"}\n");
}

TEST_F(HttpDiscoveryTest, RequestCarriesTheRefreshInterval) {
  const struct {
    Duration interval;
    const char* want;
  } rows[] = {{seconds(60), "60"}, {milliseconds(1500), "1.5"}, {milliseconds(1), "0.001"}};
  for (const auto& row : rows) {
    Arguments a = arguments();
    a.refresh_interval = row.interval;
    start(a);
    const http::Request& request = harness_.http->exchanges().back()->request;
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.headers.get("X-Prometheus-Refresh-Interval-Seconds"), row.want);
    EXPECT_EQ(request.headers.get("Accept"), kJson);
    EXPECT_TRUE(request.headers.get("User-Agent").starts_with("invar/"));
    EXPECT_EQ(request.timeout, row.interval);
    EXPECT_EQ(request.max_body_bytes, kMaxBodyBytes);
    harness_.stop();
  }
}

TEST(ContentType, OnlyJson) {
  const struct {
    const char* type;
    bool want;
  } rows[] = {
      {"application/json", true},
      {"Application/JSON; charset=\"utf-8\"", true},
      {"application/json;charset=UTF-8", true},
      {"application/json;  charset=utf-8", true},
      {"text/json", false},
      {"", false},
      {"application/json;", false},
      {"application/json; charset=latin1", false},
      {"application/json; charset=utf-8; v=1", false},
      {"application/json; v=1", false},
      {"application/jsonx", false},
  };
  for (const auto& row : rows) EXPECT_EQ(acceptable_content_type(row.type), row.want) << row.type;
}

TEST_F(HttpDiscoveryTest, FailuresKeepTheTargetsAndSayWhy) {
  serve(200, kJson, R"([{"targets": ["a"]}])");
  start(arguments());
  const struct {
    int status;
    const char *type, *body, *want;
  } rows[] = {
      {404, "text/plain", "", "server returned HTTP status 404 Not Found"},
      {502, "text/plain", "no upstream \x1b[1manswers to the gateway\n",
       "server returned HTTP status 502 Bad Gateway: no upstream \\x1b[1manswers to the gateway"},
      {301, "text/plain", "", "server returned HTTP status 301 Moved Permanently"},
      {200, "text/json", "[]", "unsupported content type \"text/json\""},
      {200, "", "[]", "unsupported content type \"\""},
      {200, kJson, R"([{"x": 1}])", "group 0: json: unknown field \"x\""},
      {200, kJson, "[null]", "group 0: nil target group item found"},
  };
  int failures = 0;
  for (const auto& row : rows) {
    serve(row.status, row.type, row.body);
    harness_.loop.advance(seconds(60));
    const auto health = harness_.component->health();
    EXPECT_NE(health->message.find(row.want), std::string::npos) << health->message;
    EXPECT_EQ(health->state, HealthState::kUnhealthy);
    EXPECT_TRUE(health->message.starts_with("still using the 1 targets of ")) << health->message;
    ++failures;
    EXPECT_EQ(harness_.metric_lines("prometheus_sd_http_failures_total"),
              "prometheus_sd_http_failures_total{component_id=\"discovery.http.x\"} " +
                  std::to_string(failures) + "\n");
  }
  EXPECT_EQ(harness_.exports.size(), 1u);
  const int logged = harness_.log_count("Unable to refresh target groups");
  harness_.loop.advance(seconds(600));
  EXPECT_EQ(harness_.log_count("Unable to refresh target groups"), logged)
      << "one line per reason, not per refresh";
}

TEST_F(HttpDiscoveryTest, WithoutAnyTargetsAFailureIsUnhealthy) {
  harness_.http->set_handler([](const http::Request&) {
    return http::testing::failure(http::FailureKind::kConnect, "connection refused by sd:80");
  });
  start(arguments());
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_EQ(harness_.component->health()->message,
            "no targets yet: http://sd:80/t: connection refused by sd:80");
  EXPECT_TRUE(harness_.exports.empty()) << "nothing is known, so nothing is exported";
  serve(200, kJson, "[]");
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
  EXPECT_EQ(harness_.exports.size(), 1u);
}

TEST_F(HttpDiscoveryTest, AnUpdateWithASlowFirstAnswerNeverPublishesAnEmptyList) {
  serve(200, kJson, R"([{"targets": ["a"]}])");
  start(arguments());
  harness_.http->set_handler({});
  Arguments other = arguments();
  other.url = "http://sd:80/other";
  ASSERT_TRUE(harness_.update(registration_, other));
  harness_.loop.advance(seconds(59));
  EXPECT_EQ(harness_.exports.size(), 1u);
  harness_.http->exchanges().back()->respond(answer(200, kJson, R"([{"targets": ["b"]}])"));
  harness_.loop.run_until_idle();
  EXPECT_EQ(targets(), "{\"__address__\"=\"b\", \"__meta_url\"=\"http://sd:80/other\"}\n");
  EXPECT_EQ(harness_.exports.size(), 2u);
}

TEST_F(HttpDiscoveryTest, AnUpdateCancelsTheOldRequestAndTheSameArgumentsDoNothing) {
  start(arguments());
  ASSERT_EQ(harness_.http->exchanges().size(), 1u);
  ASSERT_TRUE(harness_.update(registration_, arguments()));
  EXPECT_EQ(harness_.http->exchanges().size(), 1u);
  Arguments other = arguments();
  other.refresh_interval = seconds(5);
  ASSERT_TRUE(harness_.update(registration_, other));
  EXPECT_TRUE(harness_.http->exchanges().front()->cancelled());
  EXPECT_EQ(harness_.http->exchanges().size(), 2u) << "the new discoverer asks at once";
}

TEST_F(HttpDiscoveryTest, AFailedUpdateLeavesTheRunningOneAlone) {
  serve(200, kJson, R"([{"targets": ["a"]}])");
  start(arguments());
  harness_.http->fail_next_client(Error{ErrorCode::kInvalidArgument, "unable to read CA cert"});
  Arguments other = arguments();
  other.url = "https://other/";
  EXPECT_FALSE(harness_.update(registration_, other));
  harness_.http->forget_exchanges();
  harness_.loop.advance(seconds(60));
  EXPECT_EQ(harness_.http->exchanges().back()->request.url, kUrl);
}

TEST_F(HttpDiscoveryTest, StopsPromptlyWithARequestUnderWay) {
  start(arguments());
  EXPECT_EQ(harness_.http->in_flight(), 1u);
  EXPECT_TRUE(harness_.stop());
  EXPECT_EQ(harness_.http->in_flight(), 0u);
  EXPECT_EQ(harness_.loop.pending_timers(), 0u);
}

TEST(HttpArguments, Validation) {
  const struct {
    const char* url;
    Duration interval;
    const char* want;
  } rows[] = {
      {"http://x/", seconds(0), "refresh_interval must be greater than 0"},
      {"http://x/", seconds(-1), "refresh_interval must be greater than 0"},
  };
  for (const auto& row : rows) {
    Arguments a;
    a.url = row.url;
    a.refresh_interval = row.interval;
    const auto checked = arguments_schema().check(&a);
    ASSERT_FALSE(checked) << row.url;
    EXPECT_EQ(checked.error().message, row.want);
  }
  Arguments good;
  good.url = "HTTPS://[::1]:8080/t?x=1";
  EXPECT_TRUE(arguments_schema().check(&good));
}

}  // namespace
}  // namespace invar::components::discovery_http
