#include "components/pyroscope/scrape/scrape_metrics.h"

namespace invar::components::pyroscope_scrape {
namespace {

const std::vector<double> kLatency = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
const std::vector<double> kDuration = {.005, .025, .1, .5, 1, 2.5, 5, 10, 15, 30, 60};
const std::vector<double> kBytes = {1e3, 4e3, 16e3, 64e3, 256e3, 1e6, 4e6, 16e6, 64e6};
const std::vector<double> kDelta = {.0001, .0005, .001, .005, .01, .05, .1, .5, 1};

metrics::Counter& scrapes(metrics::Scope& scope, metrics::LabelPairs labels, std::string_view result,
                          std::string_view reason) {
  labels.emplace_back("result", result);
  labels.emplace_back("reason", reason);
  return scope.counter("pyroscope_scrape_scrapes_total", "Scrapes by result and, for failures, reason.",
                       labels);
}

metrics::Counter& resets(metrics::Scope& scope, metrics::LabelPairs labels, std::string_view kind) {
  labels.emplace_back("kind", kind);
  return scope.counter("pyroscope_scrape_delta_resets_total",
                       "Cumulative profiles whose counters, or clock, did not simply go on, by kind.",
                       labels);
}

}  // namespace

TypeMetrics::TypeMetrics(metrics::Scope& scope, metrics::LabelPairs labels)
    : successes(scrapes(scope, labels, "success", "")),
      duration_seconds(scope.histogram("pyroscope_scrape_duration_seconds",
                                       "Time from request to the last byte of a profile.", kDuration,
                                       labels)),
      body_bytes(scope.histogram("pyroscope_scrape_body_bytes", "Size of scraped profiles as received.",
                                 kBytes, labels)),
      delta_seconds(scope.histogram("pyroscope_scrape_delta_seconds",
                                    "Time spent on turning cumulative profiles into deltas.", kDelta,
                                    labels)),
      missed_ticks(scope.counter("pyroscope_scrape_missed_ticks_total",
                                 "Scrapes skipped because the one before was still under way.", labels)),
      empty(scope.counter("pyroscope_scrape_empty_profiles_total",
                          "Profiles scraped well that hold no positive value, and so are not sent.", labels)),
      evictions(scope.counter("pyroscope_scrape_delta_evictions_total",
                              "Stacks forgotten by baselines because they stayed away for long.", labels)),
      restarts_(resets(scope, labels, "restart")),
      dips_(resets(scope, labels, "dip")),
      clock_back_(resets(scope, labels, "clock_back")),
      unknown_(resets(scope, labels, "unknown_process")),
      scope_(scope),
      labels_(std::move(labels)) {}

void TypeMetrics::count_events(const DeltaEvents& events) {
  if (events.restart) restarts_.add();
  if (events.dips > 0) dips_.add();
  if (events.clock_back) clock_back_.add();
  if (events.unknown) unknown_.add();
}

void TypeMetrics::count_failure(std::string_view reason) {
  auto it = failures_.find(reason);
  if (it == failures_.end())
    it = failures_.emplace(reason, &scrapes(scope_, labels_, "failure", reason)).first;
  it->second->add();
}

ScrapeMetrics::ScrapeMetrics(metrics::Scope& scope)
    : baseline_bytes(scope.gauge("pyroscope_scrape_baseline_bytes", "Memory held by delta baselines.")),
      scope_(scope) {}

TypeMetrics& ScrapeMetrics::of_type(std::string_view profile) {
  auto it = types_.find(profile);
  if (it == types_.end()) {
    if (types_.size() >= kMaxTypes && profile != "other") return of_type("other");
    metrics::LabelPairs labels = {{"profile", std::string(profile)}};
    it = types_.emplace(std::string(profile), std::make_unique<TypeMetrics>(scope_, std::move(labels))).first;
  }
  return *it->second;
}

}  // namespace invar::components::pyroscope_scrape
