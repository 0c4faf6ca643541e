#include "components/pyroscope/scrape/component.h"

#include "components/pyroscope/scrape/arguments.h"
#include "components/pyroscope/scrape/scrape_pool.h"

namespace invar::components::pyroscope_scrape {
namespace {

using component::Boxed;

constexpr std::string_view kDocumentation = R"(
Targets come from `discovery.*` components, from lists written in the file, or both. Each target is scraped once per enabled
profile type and `scrape_interval`, at an instant of its own that stays the same over restarts.

A scrape succeeds when the target answers `200` with a body that is a pprof profile. What does not work is said in a plain
sentence on the status page, in the log once per change, and by reason in `pyroscope_scrape_scrapes_total`.

Cumulative profiles (`memory`, `mutex`, `block`) are sent as the difference from the profile before, so the first data of a
target comes with its second scrape. The baselines survive a reload and, in the storage directory, a restart. Nothing is lost
when no receiver takes a profile, and nothing is sent twice after a crash. Counters decide what happened, never a clock: when
most of their weight falls, the target has restarted, and its own values are what is sent; when a few fall, those count nothing
until they are back. When a later profile continues the counters from before such a restart, several processes answer at one
address in turn (a Service in front of replicas): up to four are told apart and keep a baseline each, the page says how many, and
one more that is first seen in the middle of its life is counted and not sent. Better is an address for each. A profile without
any value above zero is not sent. With `delta = true` such a
type is asked for with `seconds`; a program that then answers with a difference of its own (Go does, and says how long it lasted)
has it sent as it is.

These labels of a target have a meaning: `__address__` (required), `__scheme__`, `__profile_path__`, `__profile_path_prefix__`,
`__name__` and `__param_<name>`. Labels `job`, `instance` and `service_name` are added when they are missing. Labels that start
with `__` are not sent to servers.

A target may set `__profile_path__`, for example from an annotation of its pod. With one profile type enabled, that type is
scraped there, with its name, its delta and its `seconds`. With several, the path means the enabled type that has this path, or
else the one that its last element commonly stands for (`heap` and `allocs`: `memory`; `profile` and `cpu`: `process_cpu`;
`block`, `mutex`, `goroutine`, `fgprof`, `delta_heap`, ...), or else one profile named after the last element, sent as it is. A
target that sets `__name__` to the name of a profile type is scraped for that type alone, be it enabled or not. Any other
`__name__` leaves all enabled types as they are and becomes the name under which they are sent.

## Limits

`max_profile_bytes` bounds every profile twice: what is read from the target, and what it inflates to. A larger one is given up
there and then, also a small body that would inflate to gigabytes. `sample_limit` refuses profiles with more samples; the error
of the target says how many it had.

A scrape that is still under way when the next is due is not joined by a second one: the tick is counted as missed.

## Clustering

With `clustering { enabled = true }` the nodes of a cluster share the targets: each is scraped by one node, chosen by its labels
without `__meta_…`, so all nodes must find the same labels. When a node comes or goes, about one n-th of the targets moves, each with its
baselines and its place in the interval, so that a planned move loses nothing. A node that
runs without a cluster scrapes every target. In a cluster a job begins only while the process uses less than nine tenths of the memory
that its control group allows; what finds no room is shown as failing (`memory`), and tried again at every interval. The debug information lists the targets of other nodes as `target_elsewhere`, each with
its `owner`.

## Scope labels

With `scope_labels = true` every profile carries `otel.scope.name = "invar/pyroscope.scrape"` and `otel.scope.version`, unless the
target sets them. They are left out otherwise, because each label costs every series.

## Metrics

`profile` is the profile type; more than 200 types share `other`. With `per_target_metrics = true` the series of
`pyroscope_scrape_*` that have `profile` also have `url`.

| Metric | Type | Description |
|---|---|---|
| `pyroscope_fanout_latency` | histogram | Write latency for sending to direct and indirect components. |
| `pyroscope_forwarded_entries_total` | counter | Profiles accepted by every receiver. |
| `pyroscope_scrape_scrapes_total` | counter | Scrapes by `profile`, `result` and `reason`. |
| `pyroscope_scrape_duration_seconds` | histogram | Time from request to the last byte. |
| `pyroscope_scrape_body_bytes` | histogram | Size of the profiles as received. |
| `pyroscope_scrape_missed_ticks_total` | counter | Scrapes skipped because the one before was still under way. |
| `pyroscope_scrape_empty_profiles_total` | counter | Profiles without a positive value, which are not sent. |
| `pyroscope_scrape_delta_seconds` | histogram | Time spent on deltas. |
| `pyroscope_scrape_delta_resets_total` | counter | Cumulative profiles that did not simply go on, by `kind`: `restart`, `dip`, `clock_back`, `unknown_process`. |
| `pyroscope_scrape_shared_addresses` | gauge | Jobs at whose address several processes answer in turn. |
| `pyroscope_scrape_delta_evictions_total` | counter | Stacks forgotten by baselines because they stayed away for 100 profiles. |
| `pyroscope_scrape_baseline_bytes` | gauge | Memory held by delta baselines. |
| `pyroscope_scrape_up` | gauge | 1 while a target (`instance`, `service_name`) is scraped well, 0 while it is not; nothing before the first try. |
| `pyroscope_scrape_jobs` | gauge | Targets times profile types that are scraped. |
| `pyroscope_scrape_bad_targets` | gauge | Targets that cannot be scraped as configured. |
| `pyroscope_scrape_targets_elsewhere` | gauge | Targets that other nodes of the cluster scrape. |
| `pyroscope_scrape_moved_jobs_total` | counter | Jobs that began here after another node of the cluster had them, by `state`: `handed_over`, or `none` when they begin anew. |
| `pyroscope_scrape_given_jobs_total` | counter | Jobs that other nodes of the cluster asked for and go on with. |
| `pyroscope_scrape_jobs_without_memory` | gauge | Jobs of a clustered component that do not begin for want of memory. |
| `pyroscope_scrape_duplicate_targets` | gauge | Targets left out because they differ in `__meta_` labels only. |
)";

constexpr std::string_view kExample = R"(
discovery.http "dynamic_targets" {
	url              = "https://example.com/scrape_targets"
	refresh_interval = "15s"
}

pyroscope.scrape "local" {
	targets = array.concat([
		{"__address__" = "localhost:4040", "service_name" = "pyroscope"},
		{"__address__" = "localhost:12345", "service_name" = "invar"},
	], discovery.http.dynamic_targets.targets)

	forward_to = [pyroscope.write.local.receiver]
}

pyroscope.write "local" {
	endpoint {
		url = "http://pyroscope:4040"
	}
}
)";

class ScrapeComponent : public component::Component {
 public:
  static Result<std::unique_ptr<Component>> build(component::Options options, const Boxed& boxed) {
    const auto& arguments = boxed.as<Arguments>();
    INVAR_ASSIGN_OR_RETURN(auto client, make_client(options, arguments));
    return std::unique_ptr<Component>(new ScrapeComponent(std::move(options), arguments, std::move(client)));
  }

  void start() override { pool_.start(); }

  Result<> update(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    std::shared_ptr<http::Client> client;
    if (arguments.client != client_config_) {
      INVAR_ASSIGN_OR_RETURN(client, make_client(options_, arguments));
      client_config_ = arguments.client;
    }
    pool_.update(arguments, std::move(client));
    return {};
  }

  void stop(async::Task done) override { pool_.stop(std::move(done)); }

  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const override {
    return at_least == component::Severity::kDegraded ? pool_.problems() : std::vector<component::Problem>();
  }
  [[nodiscard]] component::BodyValue debug_info() const override { return pool_.debug_info(); }
  [[nodiscard]] component::ScrapedTargets* scraped_targets() override { return &pool_; }

 private:
  ScrapeComponent(component::Options options, const Arguments& arguments,
                  std::shared_ptr<http::Client> client)
      : options_(std::move(options)),
        client_config_(arguments.client),
        pool_(options_, arguments, std::move(client)) {}

  static Result<std::shared_ptr<http::Client>> make_client(const component::Options& options,
                                                           const Arguments& arguments) {
    INVAR_ASSIGN_OR_RETURN(auto client,
                           options.http->make_client(arguments.client, arguments.job_name.value_or("")));
    return std::shared_ptr<http::Client>(std::move(client));
  }

  const component::Options options_;
  http::ClientConfig client_config_;
  ScrapePool pool_;
};

}  // namespace

component::Registration registration() {
  return {.name = "pyroscope.scrape",
          .summary = "Collects pprof profiles from HTTP targets and forwards them.",
          .arguments = &arguments_schema,
          .build = &ScrapeComponent::build,
          .documentation = std::string(kDocumentation),
          .example = std::string(kExample)};
}

}  // namespace invar::components::pyroscope_scrape
