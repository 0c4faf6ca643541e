#include "components/pyroscope/scrape/jobs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace invar::components::pyroscope_scrape {
namespace {

using component::Target;
using component::Targets;
using std::chrono::seconds;

JobSettings settings(const Arguments& arguments = {}) {
  return job_settings(arguments, "pyroscope.scrape.local");
}

JobList make_jobs(const component::Targets& targets, const JobSettings& settings) {
  return list_jobs(make_target_jobs(targets, settings, {}));
}

JobList jobs_of(Target::Map target, const Arguments& arguments = {}) {
  return make_jobs({Target(std::move(target))}, settings(arguments));
}

std::vector<std::string> urls(const JobList& list) {
  std::vector<std::string> out;
  for (const auto& job : list.jobs) out.push_back(job->url);
  std::ranges::sort(out);
  return out;
}

const Job& job_named(const JobList& list, std::string_view name) {
  const auto it =
      std::ranges::find(list.jobs, name, [](const JobPtr& job) { return std::string_view(job->name); });
  EXPECT_NE(it, list.jobs.end()) << name;
  return **it;
}

TEST(Jobs, TheDocumentedUrlsOfDefaultProfiles) {
  EXPECT_EQ(urls(jobs_of({{"__address__", "localhost:4040"}})),
            (std::vector<std::string>{
                "http://localhost:4040/debug/pprof/allocs", "http://localhost:4040/debug/pprof/block",
                "http://localhost:4040/debug/pprof/goroutine", "http://localhost:4040/debug/pprof/mutex",
                "http://localhost:4040/debug/pprof/profile?seconds=14"}));
}

TEST(Jobs, TheDocumentedUrlsWithTypesEnabledAndDisabled) {
  Arguments a;
  a.profiling.fgprof.enabled = true;
  a.profiling.block.enabled = false;
  a.profiling.mutex.enabled = false;
  EXPECT_EQ(urls(jobs_of({{"__address__", "localhost:12345"}}, a)),
            (std::vector<std::string>{"http://localhost:12345/debug/fgprof?seconds=14",
                                      "http://localhost:12345/debug/pprof/allocs",
                                      "http://localhost:12345/debug/pprof/goroutine",
                                      "http://localhost:12345/debug/pprof/profile?seconds=14"}));
}

TEST(Jobs, TheWorkedExampleOfTheSpecification) {
  Arguments a;
  a.profiling.path_prefix = "/internal";
  a.profiling.mutex.enabled = false;
  a.profiling.block.enabled = false;
  const auto list = make_jobs({Target(Target::Map{{"__address__", "app"},
                                                  {"__meta_kubernetes_namespace", "shop"},
                                                  {"__meta_kubernetes_pod_container_name", "cart"},
                                                  {"team", "x"}})},
                              job_settings(a, "pyroscope.scrape.main"));
  ASSERT_EQ(list.jobs.size(), 3U);
  const Job& memory = job_named(list, "memory");
  EXPECT_EQ(memory.url, "http://app:80/internal/debug/pprof/allocs");
  EXPECT_EQ(memory.timeout, seconds(18));
  EXPECT_EQ(memory.labels.get("__delta__"), "false");
  EXPECT_EQ(memory.labels.get("instance"), "app:80");
  EXPECT_EQ(memory.labels.get("job"), "pyroscope.scrape.main");
  EXPECT_EQ(memory.labels.get("service_name"), "shop/cart");
  EXPECT_EQ(memory.labels.get("team"), "x");
  const Job& cpu = job_named(list, "process_cpu");
  EXPECT_EQ(cpu.url, "http://app:80/internal/debug/pprof/profile?seconds=14");
  EXPECT_EQ(cpu.timeout, seconds(32));
  EXPECT_FALSE(cpu.labels.has("__delta__"));
  EXPECT_FALSE(job_named(list, "goroutine").labels.has("__delta__"));
}

// pyroscope-scrape.md 9: interval x duration x user parameters.
TEST(Jobs, SecondsMatrix) {
  struct Row {
    int interval_s;
    std::optional<int> duration_s;
    bool user_seconds;
    std::string query;
  };
  const std::vector<Row> rows = {
      {15, {}, false, "seconds=14"},
      {60, {}, false, "seconds=59"},
      {5, {}, false, "seconds=4"},
      {15, 14, false, "seconds=14"},
      {60, 14, false, "seconds=14"},
      {60, 20, false, "seconds=20"},
      {15, {}, true, "seconds=5&seconds=14"},
      {60, 20, true, "seconds=5&seconds=20"},
  };
  for (const auto& row : rows) {
    Arguments a;
    a.scrape_interval = seconds(row.interval_s);
    if (row.duration_s) a.delta_profiling_duration = seconds(*row.duration_s);
    if (row.user_seconds) a.params["seconds"] = {"5"};
    const auto list = jobs_of({{"__address__", "h:1"}}, a);
    EXPECT_EQ(job_named(list, "process_cpu").url, "http://h:1/debug/pprof/profile?" + row.query);
    // The parameters of one job never leak into another, nor into the next list.
    EXPECT_EQ(job_named(list, "memory").url,
              row.user_seconds ? "http://h:1/debug/pprof/allocs?seconds=5" : "http://h:1/debug/pprof/allocs");
    EXPECT_EQ(job_named(jobs_of({{"__address__", "h:1"}}, a), "process_cpu").url,
              job_named(list, "process_cpu").url);
  }
}

TEST(Jobs, ATargetsOwnSecondsReplaceTheValueButNotTheTimeout) {
  const auto list = jobs_of({{"__address__", "h:1"}, {"__param_seconds", "3"}});
  EXPECT_EQ(job_named(list, "process_cpu").url, "http://h:1/debug/pprof/profile?seconds=3");
  EXPECT_EQ(job_named(list, "process_cpu").timeout, seconds(32));
  EXPECT_EQ(job_named(list, "memory").url, "http://h:1/debug/pprof/allocs?seconds=3");
  EXPECT_EQ(job_named(list, "memory").timeout, seconds(18));
}

TEST(Jobs, ParamsOfTheComponentBeatThoseOfTheTarget) {
  Arguments a;
  a.params["debug"] = {"0", "1"};
  const auto list = jobs_of({{"__address__", "h:1"}, {"__param_debug", "9"}, {"__param_a b", "c d"}}, a);
  EXPECT_EQ(job_named(list, "memory").url, "http://h:1/debug/pprof/allocs?a+b=c+d&debug=0&debug=1");
  EXPECT_EQ(job_named(list, "memory").labels.get("__param_debug"), "0");
}

TEST(Jobs, JobLabelFollowsTheTargetThenTheArgumentThenTheComponent) {
  EXPECT_EQ(jobs_of({{"__address__", "h:1"}}).jobs[0]->labels.get("job"), "pyroscope.scrape.local");
  EXPECT_EQ(jobs_of({{"__address__", "h:1"}, {"job", "mine"}}).jobs[0]->labels.get("job"), "mine");
  Arguments a;
  a.job_name = "named";
  EXPECT_EQ(jobs_of({{"__address__", "h:1"}}, a).jobs[0]->labels.get("job"), "named");
  a.job_name = "";
  EXPECT_FALSE(jobs_of({{"__address__", "h:1"}}, a).jobs[0]->labels.has("job"));
}

// Decision 16, all of its combinations. A job in short: profile type, URL behind the host, then what it is given.
struct PinRow {
  std::string enabled, name, path;
  std::vector<std::string> jobs;
};

Arguments only_enabled(const std::string& enabled) {
  Arguments a;
  const auto has = [&](std::string_view type) {
    return (" " + enabled + " ").contains(fmt::format(" {} ", type));
  };
  auto& p = a.profiling;
  p.memory.enabled = has("memory");
  p.block.enabled = has("block");
  p.goroutine.enabled = has("goroutine");
  p.mutex.enabled = has("mutex");
  p.process_cpu.enabled = has("process_cpu");
  p.fgprof.enabled = has("fgprof");
  p.godeltaprof_memory.enabled = has("godeltaprof_memory");
  p.custom = {{{.enabled = has("wall"), .path = "/wall", .delta = true}, "wall"}};
  return a;
}

std::vector<std::string> in_short(const JobList& list) {
  std::vector<std::string> out;
  for (const JobPtr& made : list.jobs) {
    const Job& job = *made;
    std::string line = job.name + " " + job.url.substr(std::string_view("http://h:1").size());
    if (job.agent_delta) line += " delta";
    if (job.delta_by_target) line += " delta-by-target";
    if (job.labels.get("__name__") != job.name) line += fmt::format(" as {}", job.labels.get("__name__"));
    if ((job.timeout > seconds(18)) != job.asks_for_seconds) line += " wrong timeout";
    out.push_back(line);
  }
  return out;
}

TEST(Jobs, ATargetThatPinsItsPathOrNameKeepsTheProfileType) {
  const std::vector<PinRow> rows = {
      // one enabled type: it is that type, whatever the path
      {"memory", "", "/custom/heap", {"memory /custom/heap delta"}},
      {"memory", "", "/", {"memory / delta"}},
      {"process_cpu", "", "/my/cpu", {"process_cpu /my/cpu?seconds=14"}},
      {"process_cpu", "", "/debug/pprof/heap", {"process_cpu /debug/pprof/heap?seconds=14"}},
      {"goroutine", "", "/x", {"goroutine /x"}},
      {"godeltaprof_memory", "", "/x", {"memory /x delta-by-target"}},
      {"wall", "", "/x", {"wall /x?seconds=14"}},
      // several: the type whose path it is
      {"memory block", "", "/debug/pprof/allocs", {"memory /debug/pprof/allocs delta"}},
      {"memory block", "", "debug/pprof//block", {"block /debug/pprof/block delta"}},
      {"memory wall", "", "/wall", {"wall /wall?seconds=14"}},
      // several: what the last element commonly means
      {"memory process_cpu", "", "/a/heap", {"memory /a/heap delta"}},
      {"memory process_cpu", "", "/a/allocs/", {"memory /a/allocs/ delta"}},
      {"memory process_cpu", "", "/a/profile", {"process_cpu /a/profile?seconds=14"}},
      {"memory process_cpu", "", "/a/cpu", {"process_cpu /a/cpu?seconds=14"}},
      {"memory mutex", "", "/a/mutex", {"mutex /a/mutex delta"}},
      {"memory block", "", "/a/block", {"block /a/block delta"}},
      {"memory goroutine", "", "/a/goroutine", {"goroutine /a/goroutine"}},
      {"memory fgprof", "", "/a/fgprof", {"fgprof /a/fgprof?seconds=14"}},
      {"block godeltaprof_memory", "", "/a/delta_heap", {"memory /a/delta_heap delta-by-target"}},
      // several, or none: one of its own
      {"memory block", "", "/x/other", {"other /x/other"}},
      {"memory block", "", "/a/profile", {"profile /a/profile"}},
      {"", "", "/x/other", {"other /x/other"}},
      // a type's name: that type, enabled or not
      {"memory block", "block", "", {"block /debug/pprof/block delta"}},
      {"memory", "process_cpu", "", {"process_cpu /debug/pprof/profile?seconds=14"}},
      {"", "goroutine", "", {"goroutine /debug/pprof/goroutine"}},
      {"memory block", "godeltaprof_memory", "", {"memory /debug/pprof/delta_heap delta-by-target"}},
      {"memory", "wall", "", {"wall /wall?seconds=14"}},
      // another name: all enabled types with their own behaviour, under that name
      {"memory process_cpu goroutine",
       "mine",
       "",
       {"memory /debug/pprof/allocs delta as mine", "goroutine /debug/pprof/goroutine as mine",
        "process_cpu /debug/pprof/profile?seconds=14 as mine"}},
      {"godeltaprof_memory", "mine", "", {"memory /debug/pprof/delta_heap delta-by-target as mine"}},
      {"", "mine", "", {}},
      // both
      {"memory block", "process_cpu", "/x", {"process_cpu /x?seconds=14"}},
      {"memory", "block", "/x", {"block /x delta"}},
      {"memory", "mine", "/x", {"memory /x delta as mine"}},
      {"process_cpu", "mine", "/x", {"process_cpu /x?seconds=14 as mine"}},
      {"memory block", "mine", "/debug/pprof/allocs", {"mine /debug/pprof/allocs"}},
      {"memory block", "mine", "/", {"mine /"}},
      {"", "mine", "/x", {"mine /x"}},
      // nothing
      {"memory fgprof", "", "", {"memory /debug/pprof/allocs delta", "fgprof /debug/fgprof?seconds=14"}},
  };
  for (const auto& row : rows) {
    Target::Map target = {{"__address__", "h:1"}};
    if (!row.name.empty()) target["__name__"] = row.name;
    if (!row.path.empty()) target["__profile_path__"] = row.path;
    EXPECT_EQ(in_short(jobs_of(std::move(target), only_enabled(row.enabled))), row.jobs)
        << "enabled: " << row.enabled << ", name: " << row.name << ", path: " << row.path;
  }
}

TEST(Jobs, OneAddressUnderTwoPinnedNamesIsTwoJobs) {
  const auto list = make_jobs({Target(Target::Map{{"__address__", "h:1"}, {"__name__", "one"}}),
                               Target(Target::Map{{"__address__", "h:1"}, {"__name__", "two"}})},
                              settings(only_enabled("goroutine")));
  EXPECT_EQ(in_short(list), (std::vector<std::string>{"goroutine /debug/pprof/goroutine as one",
                                                      "goroutine /debug/pprof/goroutine as two"}));
}

// An annotation that is not there reaches the labels as an empty text.
TEST(Jobs, AnEmptyPinIsNone) {
  const auto list = jobs_of({{"__address__", "h:1"}, {"__profile_path__", ""}, {"__name__", ""}},
                            only_enabled("memory goroutine"));
  EXPECT_EQ(in_short(list), (std::vector<std::string>{"memory /debug/pprof/allocs delta",
                                                      "goroutine /debug/pprof/goroutine"}));
}

TEST(Jobs, APathWithoutANameNeedsTheLabel) {
  const auto list = jobs_of({{"__address__", "h:1"}, {"__profile_path__", "/"}});
  EXPECT_TRUE(list.jobs.empty());
  ASSERT_EQ(list.bad.size(), 1U);
  EXPECT_NE(list.bad[0].message.find("no profile name"), std::string::npos);
  EXPECT_EQ(jobs_of({{"__address__", "h:1"}, {"__profile_path__", "/"}, {"__name__", "x"}}).jobs.at(0)->url,
            "http://h:1/");
}

TEST(Jobs, KnowsWhichRequestsAskForASpanOfTime) {
  Arguments a;
  a.profiling.mutex.delta = true;
  const auto list = jobs_of({{"__address__", "h:1"}}, a);
  EXPECT_TRUE(job_named(list, "mutex").asks_for_seconds);
  EXPECT_FALSE(job_named(list, "memory").asks_for_seconds);
  EXPECT_TRUE(
      job_named(jobs_of({{"__address__", "h:1"}, {"__param_seconds", "3"}}), "memory").asks_for_seconds);
}

TEST(Jobs, GodeltaprofTypesAreRenamedAndMarkedAsDeltas) {
  Arguments a;
  a.profiling.memory.enabled = false;
  a.profiling.godeltaprof_memory.enabled = true;
  const auto list = jobs_of({{"__address__", "h:1"}}, a);
  const Job& memory = job_named(list, "memory");
  EXPECT_EQ(memory.url, "http://h:1/debug/pprof/delta_heap");
  EXPECT_TRUE(memory.delta_by_target);
  EXPECT_FALSE(memory.agent_delta);
  EXPECT_EQ(memory.labels.get("__name__"), "memory");
  EXPECT_EQ(memory.labels.get("__delta__"), "false");
}

TEST(Jobs, OfTwoTypesUnderOneNameTheTargetsDifferenceWins) {
  Arguments a;
  a.profiling.process_cpu.enabled = a.profiling.goroutine.enabled = false;
  a.profiling.godeltaprof_memory.enabled = a.profiling.godeltaprof_mutex.enabled = true;
  EXPECT_EQ(in_short(jobs_of({{"__address__", "h:1"}}, a)),
            (std::vector<std::string>{"block /debug/pprof/block delta",
                                      "memory /debug/pprof/delta_heap delta-by-target",
                                      "mutex /debug/pprof/delta_mutex delta-by-target"}));
  EXPECT_EQ(in_short(jobs_of({{"__address__", "h:1"}, {"__name__", "memory"}}, a)),
            (std::vector<std::string>{"memory /debug/pprof/allocs delta"}))
      << "a target that asks for it has it";
}

TEST(Jobs, OneBadTargetLeavesTheOthers) {
  const auto list =
      make_jobs({Target(Target::Map{{"__address__", "a:1"}}), Target(Target::Map{{"service_name", "lost"}}),
                 Target(Target::Map{{"__address__", "b/c"}}),
                 Target(Target::Map{{"__address__", "x"}, {"__scheme__", "ftp"}}),
                 Target(Target::Map{{"__address__", "d:1"}, {"bad", "\xff"}})},
                settings());
  EXPECT_EQ(list.jobs.size(), 5U);
  std::vector<std::string> messages;
  for (const auto& bad : list.bad) messages.push_back(bad.message);
  EXPECT_EQ(messages, (std::vector<std::string>{
                          "no address",
                          "\"b/c\" holds more than host and port; write b (a scheme belongs "
                          "into the label __scheme__, a path into __profile_path__, a "
                          "parameter into __param_NAME)",
                          "invalid scheme: \"http\"", "invalid label value for \"bad\": \"\\xff\""}));
}

TEST(Jobs, TargetsThatDifferInMetaLabelsOnlyAreOne) {
  const auto list = make_jobs({Target(Target::Map{{"__address__", "a:1"}, {"__meta_x", "1"}}),
                               Target(Target::Map{{"__address__", "a:1"}, {"__meta_x", "2"}}),
                               Target(Target::Map{{"__address__", "a:1"}, {"x", "2"}})},
                              settings());
  EXPECT_EQ(list.jobs.size(), 10U);
  EXPECT_EQ(list.duplicate_targets, 1U);
}

TEST(Jobs, ATargetThatIsTheSameKeepsItsJobs) {
  const Target a(Target::Map{{"__address__", "a:1"}}), b(Target::Map{{"__address__", "b:1"}});
  const auto first = make_target_jobs({a, b}, settings(), {});
  const auto second = make_target_jobs({Target(Target::Map{{"__address__", "c:1"}}), b}, settings(), first);
  EXPECT_EQ(second.made()[1], first.made()[1]) << "the same object";
  EXPECT_EQ(list_jobs(second).jobs.front()->labels.get("instance"), "c:1");
}

// clustering.md 2: nodes of other makes must come to the same owner.
TEST(Jobs, TargetKeysOfTheClusteringVectors) {
  EXPECT_EQ(target_key({}), 0xef46db3751d8e999U);
  EXPECT_EQ(target_key({{"foo", "bar"}, {"bin", "baz"}}), 0xbbbe498586b668f3U);
  EXPECT_EQ(target_key({{"__address__", "10.0.0.1:8080"}, {"__meta_kubernetes_namespace", "x"}}),
            0x6142e0e9a8ff065aU);
  const auto list = jobs_of({{"__address__", "localhost:4040"}, {"service_name", "pyroscope"}});
  for (const auto& job : list.jobs)
    EXPECT_EQ(job->target_key, 0x916ec15b4ae17b60U) << "one owner for all types";
}

TEST(Jobs, TwoTypesOnOneUrlAreTwoJobs) {
  Arguments a;
  a.profiling.mutex.path = "/debug/pprof/block";
  const auto list = jobs_of({{"__address__", "h:1"}}, a);
  EXPECT_EQ(list.jobs.size(), 5U);
  EXPECT_EQ(job_named(list, "mutex").identity, job_named(list, "block").identity);
}

TEST(Jobs, ScopeLabelsOnlyWhenAskedFor) {
  EXPECT_FALSE(jobs_of({{"__address__", "h:1"}}).jobs[0]->labels.has("otel.scope.name"));
  Arguments a;
  a.scope_labels = true;
  EXPECT_EQ(jobs_of({{"__address__", "h:1"}}, a).jobs[0]->labels.get("otel.scope.name"),
            "invar/pyroscope.scrape");
  const auto own = jobs_of({{"__address__", "h:1"}, {"otel.scope.name", "mine"}}, a);
  EXPECT_EQ(own.jobs[0]->labels.get("otel.scope.name"), "mine");
  EXPECT_FALSE(own.jobs[0]->labels.has("otel.scope.version"));
}

TEST(Jobs, ServiceNameOrder) {
  struct Row {
    Labels target;
    std::string want;
  };
  const std::vector<Row> rows = {
      {{}, "unspecified"},
      {{{"__meta_dockerswarm_service_name", "swarm"}}, "swarm"},
      {{{"__meta_dockerswarm_service_name", "swarm"},
        {"__meta_dockerswarm_container_label_service_name", "label"}},
       "label"},
      {{{"__meta_docker_container_name", "/redis"}, {"__meta_dockerswarm_service_name", "swarm"}}, "/redis"},
      {{{"__meta_kubernetes_namespace", "ns"}, {"__meta_docker_container_name", "/redis"}}, "/redis"},
      {{{"__meta_kubernetes_namespace", "ns"},
        {"__meta_kubernetes_pod_container_name", "c"},
        {"__meta_docker_container_name", "/redis"}},
       "ns/c"},
      {{{"__meta_kubernetes_pod_annotation_pyroscope_io_service_name", "ann"},
        {"__meta_kubernetes_namespace", "ns"},
        {"__meta_kubernetes_pod_container_name", "c"}},
       "ann"},
      {{{"service_name", "own"}, {"__meta_kubernetes_pod_annotation_pyroscope_io_service_name", "ann"}},
       "own"},
  };
  for (const auto& row : rows) EXPECT_EQ(infer_service_name(row.target), row.want);
}

TEST(Jobs, IdentityVectorOfTheSpecification) {
  const Labels labels{{"__hidden__", "x"}, {"instance", "localhost:9090"}, {"service_name", "unspecified"}};
  EXPECT_EQ(job_identity(labels, "http://localhost:9090/debug/pprof/allocs"), 0x466859b9b0e590b9U);
}

TEST(Jobs, PhaseIsStableAndWithinOneInterval) {
  const Duration interval = seconds(15);
  const std::uint64_t identity = 0x466859b9b0e590b9;
  for (UnixNanos now :
       {UnixNanos{0}, UnixNanos{1'800'000'000'123'456'789}, UnixNanos{1'800'000'007'000'000'000}}) {
    const Duration wait = until_phase(identity, now, interval);
    EXPECT_GE(wait, Duration::zero());
    EXPECT_LT(wait, interval);
    const auto exact = static_cast<std::int64_t>(identity % static_cast<std::uint64_t>(interval.count()));
    const std::int64_t phase = (now + wait.count()) % interval.count();
    EXPECT_LE(phase, exact);
    EXPECT_LT(exact - phase, 100'000'000);
  }
}

TEST(ScrapePhase, ManyJobsSpreadOverTheIntervalAndShareInstants) {
  const Duration interval = std::chrono::seconds(15);
  std::map<Duration, int> jobs;
  for (std::uint64_t i = 0; i < 25'600; ++i)
    ++jobs[until_phase(i * 0x9e3779b97f4a7c15, UnixNanos{0}, interval)];
  EXPECT_EQ(jobs.size(), 60u);
  for (const auto& [wait, count] : jobs) EXPECT_LT(count, 550) << wait.count();
  EXPECT_EQ(phase_step(seconds(1)), std::chrono::microseconds(62500));
  EXPECT_EQ(phase_step(Duration(3)), Duration(1));
}

TEST(ScrapeUrl, AddressRules) {
  struct Row {
    std::string address, scheme, want;
  };
  const std::vector<Row> rows = {
      {"localhost", "http", "localhost:80"},
      {"localhost", "https", "localhost:443"},
      {"localhost:1", "https", "localhost:1"},
      {"[::1]", "http", "[::1]:80"},
      {"[::1]:90", "http", "[::1]:90"},
      {"a:b:c", "http", "a:b:c"},
      {"host:", "http", "host:"},
      {":80", "http", ":80"},
      {"user@h:1", "http", "user@h:1"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(complete_address(row.address, row.scheme, "http").value_or("error"), row.want) << row.address;
  EXPECT_EQ(complete_address("", "http", "http").error().message, "no address");
  EXPECT_EQ(complete_address("::1", "http", "http").error().message,
            "an IPv6 address stands in brackets: write [::1]");
  EXPECT_EQ(complete_address("https://h", "http", "http").error().message,
            "\"https://h\" is a URL; write h:443 (a scheme belongs into the label __scheme__, a path into "
            "__profile_path__, a parameter into __param_NAME)");
}

TEST(ScrapeUrl, PathRules) {
  struct Row {
    std::string prefix, path, want;
  };
  const std::vector<Row> rows = {
      {"", "/x", "/x"},         {"pre/", "debug", "/pre/debug"}, {"/a/../b", "/x//y/", "/b/x/y/"},
      {"", "/../../x", "/x"},   {"", "/x?y=1", "/x%3Fy=1"},      {"", "/a b", "/a%20b"},
      {"", "/a%2Fb", "/a%2Fb"}, {"", "/a/%zz", "/a/%25zz"},      {"", "", "/"},
      {"/p/", "", "/p/"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(join_path(row.prefix, row.path), row.want) << row.prefix << " + " << row.path;
}

TEST(ScrapeUrl, OddHostsAreEncodedInTheUrlOnly) {
  const auto list = jobs_of({{"__address__", "user@h:1"}});
  EXPECT_TRUE(list.jobs[0]->url.starts_with("http://user%40h:1/")) << list.jobs[0]->url;
  EXPECT_EQ(list.jobs[0]->labels.get("instance"), "user@h:1");
  EXPECT_TRUE(jobs_of({{"__address__", "日本"}}).jobs[0]->url.starts_with("http://%E6%97%A5%E6%9C%AC:80/"));
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
