#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "metrics/exposition.h"

namespace invar::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Exit status of the real checker on `page`; its complaints in `out`.
int promtool_check(const std::string& page, std::string& out) {
  const std::string path = ::testing::TempDir() + "/invar-metrics-" + std::to_string(::getpid()) + ".txt";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fwrite(page.data(), 1, page.size(), file);
  std::fclose(file);
  std::FILE* pipe = ::popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
  const int status = ::pclose(pipe);
  std::remove(path.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct MetricsTest : ::testing::Test {
  std::unique_ptr<Registry> registry = Registry::create();
};

TEST_F(MetricsTest, PageIsSortedAndComplete) {
  const auto scope = registry->scope({{"component_id", "x"}});
  scope->gauge("z_depth", "Depth.").set(-1.5);
  scope->counter("a_total", "Things.", {{"type", "b"}}).add();
  scope->counter("a_total", "Things.", {{"type", "a"}}).add(41);
  Histogram& histogram = scope->histogram("m_seconds", "Time.", {0.1, 1});
  for (const double value : {0.05, 0.5, 2.0}) histogram.observe(value);
  EXPECT_EQ(registry->collect(), R"(# HELP a_total Things.
# TYPE a_total counter
a_total{component_id="x",type="a"} 41
a_total{component_id="x",type="b"} 1
# HELP m_seconds Time.
# TYPE m_seconds histogram
m_seconds_bucket{component_id="x",le="0.1"} 1
m_seconds_bucket{component_id="x",le="1"} 2
m_seconds_bucket{component_id="x",le="+Inf"} 3
m_seconds_sum{component_id="x"} 2.55
m_seconds_count{component_id="x"} 3
# HELP z_depth Depth.
# TYPE z_depth gauge
z_depth{component_id="x"} -1.5
)");
}

TEST_F(MetricsTest, SameNameAndLabelsGiveTheSameSeries) {
  const auto scope = registry->scope({});
  Counter& first = scope->counter("n_total", "N.", {{"a", "1"}, {"b", "2"}});
  Counter& second = scope->counter("n_total", "N.", {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(&first, &second);
  first.add(2);
  first.add(-5);  // a counter never falls
  first.add(NAN);
  EXPECT_EQ(second.value(), 2);
}

TEST_F(MetricsTest, ScopesShareAFamilyAndTheFirstDescribesIt) {
  const auto a = registry->scope({{"id", "a"}});
  auto b = registry->scope({{"id", "b"}});
  a->gauge("g", "First help.").set(1);
  b->gauge("g", "Second help.").set(2);
  EXPECT_EQ(registry->collect(), "# HELP g First help.\n# TYPE g gauge\ng{id=\"a\"} 1\ng{id=\"b\"} 2\n");
  b.reset();
  EXPECT_EQ(registry->collect(), "# HELP g First help.\n# TYPE g gauge\ng{id=\"a\"} 1\n");
}

TEST_F(MetricsTest, EverythingOfAScopeGoesWithIt) {
  auto scope = registry->scope({{"id", "a"}});
  scope->gauge("g", "G.").set(1);
  scope->histogram("h", "H.", {1}).observe(1);
  scope->on_collect([](std::vector<Sample>& out) { out.push_back({"s", "S.", SampleKind::kGauge, {}, 1}); });
  EXPECT_NE(registry->collect(), "");
  scope.reset();
  EXPECT_EQ(registry->collect(), "");
}

TEST_F(MetricsTest, TwoScopesWithEqualLabelsShareOneSeries) {
  auto a = registry->scope({{"id", "x"}});
  auto b = registry->scope({{"id", "x"}});
  a->counter("n_total", "N.").add(1);
  b->counter("n_total", "N.").add(2);
  EXPECT_THAT(registry->collect(), HasSubstr("n_total{id=\"x\"} 3\n"));
  a.reset();
  EXPECT_THAT(registry->collect(), HasSubstr("n_total{id=\"x\"} 3\n"));
  b.reset();
  EXPECT_EQ(registry->collect(), "");
}

TEST_F(MetricsTest, ChildAddsLabels) {
  const auto parent = registry->scope({{"id", "p"}});
  auto child = parent->child({{"target", "t"}});
  child->gauge("g", "G.", {{"k", "v"}}).set(1);
  EXPECT_THAT(registry->collect(), HasSubstr("g{id=\"p\",k=\"v\",target=\"t\"} 1\n"));
  child.reset();
  EXPECT_EQ(registry->collect(), "");
}

TEST_F(MetricsTest, RemoveTakesOneSeries) {
  const auto scope = registry->scope({});
  scope->gauge("g", "G.", {{"t", "1"}}).set(1);
  scope->gauge("g", "G.", {{"t", "2"}}).set(2);
  scope->remove("g", {{"t", "1"}});
  scope->remove("g", {{"t", "unknown"}});
  scope->remove("unknown", {});
  EXPECT_EQ(registry->collect(), "# HELP g G.\n# TYPE g gauge\ng{t=\"2\"} 2\n");
  EXPECT_EQ(scope->gauge("g", "G.", {{"t", "1"}}).value(), 0);
}

TEST_F(MetricsTest, ComputedSamplesJoinTheirFamily) {
  const auto scope = registry->scope({{"id", "a"}});
  const auto other = registry->scope({{"id", "b"}});
  scope->counter("n_total", "Registered help.").add(7);
  other->on_collect([](std::vector<Sample>& out) {
    out.push_back({"n_total", "Computed help.", SampleKind::kCounter, {{"x", "2"}}, 2});
    out.push_back({"n_total", "Computed help.", SampleKind::kCounter, {{"x", "1"}}, 1});
    out.push_back(
        {"n_total", "Computed help.", SampleKind::kCounter, {{"id", "own"}}, 3});  // its own label wins
    out.push_back({"m", "Only computed.", SampleKind::kGauge, {}, 5});
  });
  EXPECT_EQ(registry->collect(), R"(# HELP m Only computed.
# TYPE m gauge
m{id="b"} 5
# HELP n_total Registered help.
# TYPE n_total counter
n_total{id="a"} 7
n_total{id="b",x="1"} 1
n_total{id="b",x="2"} 2
n_total{id="own"} 3
)");
}

TEST_F(MetricsTest, ASeriesIsShownOnce) {
  const auto scope = registry->scope({});
  scope->gauge("g", "G.").set(1);
  scope->on_collect([](std::vector<Sample>& out) {
    out.push_back({"g", "G.", SampleKind::kGauge, {}, 2});
    out.push_back({"c", "C.", SampleKind::kGauge, {{"x", "y"}}, 3});
    out.push_back({"c", "C.", SampleKind::kGauge, {{"x", "y"}}, 4});
  });
  EXPECT_EQ(registry->collect(),
            "# HELP c C.\n# TYPE c gauge\nc{x=\"y\"} 3\n# HELP g G.\n# TYPE g gauge\ng 1\n");
}

TEST_F(MetricsTest, EscapesAndNumbers) {
  const auto scope = registry->scope({});
  scope->gauge("g", "Back\\slash, \"quotes\"\nand lines.", {{"v", "a\\b\"c\nd\xff"}}).set(1e21);
  EXPECT_EQ(registry->collect(),
            "# HELP g Back\\\\slash, \"quotes\"\\nand lines.\n# TYPE g "
            "gauge\ng{v=\"a\\\\b\\\"c\\nd\xef\xbf\xbd\"} 1e+21\n");
  EXPECT_EQ(format_value(5), "5");
  EXPECT_EQ(format_value(1787319627), "1787319627");
  EXPECT_EQ(format_value(0.1), "0.1");
  EXPECT_EQ(format_value(INFINITY), "+Inf");
  EXPECT_EQ(format_value(-INFINITY), "-Inf");
  EXPECT_EQ(format_value(NAN), "NaN");
}

TEST_F(MetricsTest, NameRules) {
  for (const char* name : {"a", "_a:b9", "A"}) EXPECT_TRUE(valid_metric_name(name)) << name;
  for (const char* name : {"", "9a", "a-b", "é", "a b"}) EXPECT_FALSE(valid_metric_name(name)) << name;
  for (const char* name : {"a", "_a9"}) EXPECT_TRUE(valid_label_name(name)) << name;
  for (const char* name : {"", "9a", "a:b", "__name__", "é"}) EXPECT_FALSE(valid_label_name(name)) << name;
}

using MetricsDeathTest = MetricsTest;

TEST_F(MetricsDeathTest, OurOwnMistakesAbort) {
  const auto scope = registry->scope({{"id", "a"}});
  scope->gauge("g", "G.");
  EXPECT_DEATH(scope->gauge("bad-name", "B."), "bad-name");
  EXPECT_DEATH(scope->gauge("x", "B.", {{"bad-label", "v"}}), "bad-label");
  EXPECT_DEATH(scope->gauge("x", "B.", {{"id", "twice"}}), "id");
  EXPECT_DEATH(scope->counter("g", "G."), "g");
  EXPECT_DEATH(scope->histogram("h", "H.", {1}, {{"le", "1"}}), "h");
}

TEST_F(MetricsTest, RealPromtoolAcceptsThePage) {
  const auto process = registry->scope({});
  add_process_metrics(*process);
  std::vector<std::unique_ptr<Scope>> scopes;
  for (const char* id : {"pyroscope.scrape.a", "pyroscope.scrape.b"}) {
    scopes.push_back(registry->scope({{"component_id", id}, {"component_path", "/"}}));
    Scope& scope = *scopes.back();
    scope
        .counter("demo_pushes_total", "Pushes with \"quotes\", back\\slashes\nand lines.",
                 {{"endpoint", "http://x/\"\\\n"}})
        .add(3);
    scope.gauge("demo_state", "State.").set(NAN);
    Histogram& histogram = scope.histogram("demo_duration_seconds", "Time.", {0.005, 0.1, 1, 10});
    for (int i = 0; i < 100; ++i) histogram.observe(i * 0.2);
    scope.on_collect([id = std::string(id)](std::vector<Sample>& out) {
      out.push_back({"demo_ledger_taken_total",
                     "Profiles taken.",
                     SampleKind::kCounter,
                     {{"profile", "\xff\xfe"}},
                     12});
      out.push_back({"demo_pushes_total", "", SampleKind::kCounter, {{"endpoint", "computed"}}, 1});
    });
  }
  const std::string page = registry->collect();
  std::string complaints;
  EXPECT_EQ(promtool_check(page, complaints), 0) << complaints << "\n" << page;
  std::string about_broken;
  EXPECT_NE(promtool_check(page + page, about_broken), 0);  // the check really looks
}

TEST_F(MetricsTest, ProcessMetricsAreThere) {
  const auto scope = registry->scope({});
  add_process_metrics(*scope);
  const std::string page = registry->collect();
  for (const char* line :
       {"# TYPE process_cpu_seconds_total counter\n", "# TYPE process_open_fds gauge\n",
        "# TYPE process_max_fds gauge\n", "# TYPE process_virtual_memory_bytes gauge\n",
        "# TYPE process_resident_memory_bytes gauge\n", "# TYPE process_start_time_seconds gauge\n",
        "# TYPE invar_resources_process_cpu_seconds_total counter\n",
        "# TYPE invar_resources_process_start_time_seconds gauge\n",
        "# TYPE invar_resources_process_resident_memory_bytes gauge\n",
        "# TYPE invar_resources_process_virtual_memory_bytes gauge\n",
        "# TYPE invar_resources_machine_rx_bytes_total counter\n",
        "# TYPE invar_resources_machine_tx_bytes_total counter\n",
        "# TYPE invar_build_info gauge\ninvar_build_info{branch=\""}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("process_open_fds 0\n")));
}

TEST_F(MetricsTest, HandlesMayBeUpdatedFromThreads) {
  const auto scope = registry->scope({});
  Counter& counter = scope->counter("n_total", "N.");
  Gauge& gauge = scope->gauge("g", "G.");
  Histogram& histogram = scope->histogram("h", "H.", {1, 2});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        counter.add();
        gauge.add(1);
        histogram.observe(1.5);
      }
    });
  }
  for (int i = 0; i < 20; ++i) (void)registry->collect();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000);
  EXPECT_EQ(gauge.value(), 4000);
  EXPECT_THAT(registry->collect(), HasSubstr("h_count 4000\n"));
}

TEST_F(MetricsTest, SeriesOfTenThousandTargetsComeAndGo) {
  auto scope = registry->scope({{"component_id", "pyroscope.scrape.all"}, {"component_path", "/"}});
  for (int i = 0; i < 10'000; ++i) {
    const LabelPairs labels = {
        {"target", "http://10.0.0." + std::to_string(i) + ":6060/debug/pprof/profile"}};
    scope->gauge("up", "Up.", labels).set(1);
    scope->counter("scrapes_total", "Scrapes.", labels).add();
  }
  EXPECT_GT(registry->collect().size(), 1'000'000u);
  scope.reset();
  EXPECT_EQ(registry->collect(), "");
}

}  // namespace
}  // namespace invar::metrics
