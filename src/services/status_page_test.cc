#include "services/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::services {
namespace {

using component::BodyValue;
using component::ComponentView;
using component::HealthState;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr UnixNanos kNow = 1'789'000'000'000'000'000;

class Fixed : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<ComponentView> list(std::string_view) const override { return views; }
  [[nodiscard]] std::optional<ComponentView> details(std::string_view id) const override {
    for (const ComponentView& view : views)
      if (view.local_id == id) return view;
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
  std::vector<ComponentView> views;
};

struct StatusPage : ::testing::Test {
  ComponentView& add(const std::string& id, HealthState state, const std::string& message) {
    ComponentView& view = components.views.emplace_back();
    view.local_id = id;
    view.health = {state, message, kNow};
    if (state == HealthState::kUnhealthy)
      view.problems.push_back({component::Severity::kFailing, "", message, kNow - 200'000'000'000});
    return view;
  }
  std::string page() {
    StatusInput input;
    input.components = &components;
    input.config_path = "<my>.alloy";
    input.started_unix_ns = kNow - 90'000'000'000;
    input.now_unix_ns = kNow;
    input.cluster_problems = cluster;
    input.left_queues = left;
    input.prefix = prefix;
    return render_status_page(input);
  }
  Fixed components;
  std::vector<component::Problem> cluster;
  std::vector<LeftQueue> left;
  std::string prefix = "/";
};

BodyValue target(const std::string& url, const std::string& error) {
  BodyValue row;
  row.attribute("job", std::string("shop"));
  row.attribute("url", url);
  row.attribute("bytes", std::uint64_t{2048});
  if (!error.empty()) row.attribute("last_error", error);
  return row;
}

TEST_F(StatusPage, AHealthyComponentSaysNoMoreThanThat) {
  add("pyroscope.fsdump.d", HealthState::kHealthy, "started component");
  const std::string html = page();
  EXPECT_THAT(html, HasSubstr("<p>The one component is healthy.</p>"));
  EXPECT_THAT(html, HasSubstr("running for 1m30s"));
  EXPECT_THAT(html, HasSubstr("<code>&lt;my&gt;.alloy</code>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"pyroscope.fsdump.d\">"));
  EXPECT_THAT(html, Not(HasSubstr("started component")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST_F(StatusPage, LeftQueuesHaveATableOfTheirOwn) {
  EXPECT_THAT(page(), Not(HasSubstr("Left on disk")));
  left.push_back({"pyroscope.write.<old>", "/data/pyroscope.write.<old>", 34, 2048, kNow - 60'000'000'000});
  const std::string html = page();
  EXPECT_THAT(html, HasSubstr("Left on disk"));
  EXPECT_THAT(html,
              HasSubstr("<td><code>pyroscope.write.&lt;old&gt;</code></td><td class=\"number\">34</td>"));
  EXPECT_THAT(html, HasSubstr("2 KiB"));
  EXPECT_THAT(html, HasSubstr("1m0s ago"));
  EXPECT_THAT(html, HasSubstr("<code>/data/pyroscope.write.&lt;old&gt;</code>"));
}

TEST_F(StatusPage, ProblemsOfTheClusterAreAmongTheProblems) {
  add("pyroscope.scrape.s", HealthState::kHealthy, "");
  cluster = {{component::Severity::kFailing, "", "keeping the lease: no answer", kNow - 60'000'000'000}};
  EXPECT_THAT(page(),
              HasSubstr("Cluster: keeping the lease: no answer <span class=\"soft\">for 1m0s</span>"));
}

TEST_F(StatusPage, WhyAComponentIsUnhealthyStandsFirstAndWithIt) {
  add("pyroscope.write.w", HealthState::kUnhealthy, "no <such> file");
  const std::string html = page();
  EXPECT_THAT(html, HasSubstr("1 of 1 components not healthy."));
  EXPECT_LT(html.find("Problems"), html.find("<section id="));
  EXPECT_THAT(html, HasSubstr("no &lt;such&gt; file <span class=\"soft\">for 3m20s</span>"));
  EXPECT_THAT(html, HasSubstr("<p class=\"error\">no &lt;such&gt; file</p>"));
}

TEST_F(StatusPage, RepeatedBlocksAreATableWithTheTroubledRowsFirst) {
  ComponentView& view = add("pyroscope.scrape.s", HealthState::kHealthy, "");
  view.debug_info.block("target", "", target("http://good", ""));
  view.debug_info.block("target", "", target("http://bad", "connection refused"));
  view.problems = {{component::Severity::kDegraded, "http://bad", "connection refused", 0}};
  const std::string html = page();
  EXPECT_THAT(html, HasSubstr("<h3>Target (2)</h3>"));
  EXPECT_THAT(html, HasSubstr("<th class=\"number\">Bytes</th>"));
  EXPECT_THAT(html,
              HasSubstr("<tr class=\"problem\"><td class=\"\">shop</td><td class=\"url\">http://bad</td><td "
                        "class=\"number\">2 KiB</td>"
                        "<td class=\"error wide\">connection refused</td></tr><tr><td class=\"\">shop</td>"));
  EXPECT_THAT(html, HasSubstr("<code>http://bad</code>: connection refused</li>"));
  // The component does its work; that is not to be read as "all is well".
  EXPECT_THAT(html,
              HasSubstr("The one component is healthy, but there is a problem with targets or servers."));
}

TEST_F(StatusPage, UnderAPathPrefixEveryLinkStaysInsideIt) {
  prefix = "/invar/";
  const std::string html = page();
  for (std::size_t at = 0; (at = html.find("href=\"/", at)) != std::string::npos; ++at)
    EXPECT_EQ(html.substr(at + 6, prefix.size()), prefix) << html.substr(at, 60);
  EXPECT_THAT(html, HasSubstr("href=\"/invar/metrics\""));
}

TEST_F(StatusPage, RowsSayNothingTwice) {
  ComponentView& view = add("pyroscope.scrape.s", HealthState::kHealthy, "");
  BodyValue row;
  row.attribute("job", std::string("pyroscope.scrape.s"));
  row.attribute("url", std::string("http://bad/x?y=1"));
  row.attribute("labels", syntax::Value::object({{"team", syntax::Value(std::string("blue"))}}));
  row.attribute("last_error", std::string("Get \"http://bad/x?y=1\": connection refused"));
  row.attribute("last_scrape_duration", std::string("3.009512345s"));
  for (int i = 0; i < 2; ++i) view.debug_info.block("target", "", row);
  view.problems.assign(2, {component::Severity::kDegraded, "http://bad/x?y=1", "connection refused", 0});
  const std::string html = page();
  EXPECT_THAT(html, Not(HasSubstr("<th>Job</th>")));
  EXPECT_THAT(html, HasSubstr("<code>http://bad/x?y=1</code>: connection refused <span class=\"soft\">The "
                              "same with 1 more.</span></li>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"error wide\">connection refused</td><td class=\"\">3.01s</td><td "
                              "class=\"labels\">"));
}

TEST_F(StatusPage, AttributesAndABlockOfItsKindAreNamedFigures) {
  ComponentView& view = add("pyroscope.fsdump.d", HealthState::kHealthy, "");
  view.debug_info.attribute("limit_bytes", std::uint64_t{1} << 20);
  BodyValue ledger;
  ledger.attribute("taken", std::uint64_t{7});
  view.debug_info.block("ledger", "", std::move(ledger));
  const std::string html = page();
  EXPECT_THAT(html, HasSubstr("<dl><div><dt>Limit bytes</dt><dd>1 MiB</dd></div></dl>"
                              "<h3>Ledger</h3><dl><div><dt>Taken</dt><dd>7</dd></div></dl></section>"));
}

TEST_F(StatusPage, LabelsAreShownWithoutWhatTheRowSaysElsewhere) {
  ComponentView& view = add("pyroscope.scrape.s", HealthState::kHealthy, "");
  BodyValue row = target("http://good", "");
  row.attribute("labels", syntax::Value::object({{"__name__", syntax::Value(std::string("cpu"))},
                                                 {"job", syntax::Value(std::string("shop"))},
                                                 {"team", syntax::Value(std::string("<blue>"))}}));
  view.debug_info.block("target", "", row);
  EXPECT_THAT(page(), HasSubstr("<td class=\"labels\"><span class=\"label\">team=&lt;blue&gt;</span></td>"));
}

}  // namespace
}  // namespace invar::services
