#include "delivery/endpoint_metrics.h"

namespace invar::delivery {
namespace {

const std::vector<double>& latency_buckets() {
  static const std::vector<double> buckets = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  return buckets;
}

}  // namespace

metrics::Histogram& latency_metric(metrics::Scope& scope, const std::string& endpoint,
                                   const std::string& type) {
  return scope.histogram("pyroscope_write_latency",
                         "Write latency for sending profiles to Pyroscope endpoints.", latency_buckets(),
                         {{"endpoint", endpoint}, {"type", type}});
}

EndpointMetrics endpoint_metrics(metrics::Scope& scope, const std::string& shown_url) {
  const metrics::LabelPairs labels = {{"endpoint", shown_url}};
  EndpointMetrics out{};
  out.sent_bytes = &scope.counter("pyroscope_write_sent_bytes_total",
                                  "Total number of compressed bytes sent to Pyroscope endpoints.", labels);
  out.dropped_bytes =
      &scope.counter("pyroscope_write_dropped_bytes_total",
                     "Total number of compressed bytes dropped by Pyroscope endpoints.", labels);
  out.sent_profiles = &scope.counter("pyroscope_write_sent_profiles_total",
                                     "Total number of profiles sent to Pyroscope endpoints.", labels);
  out.dropped_profiles = &scope.counter("pyroscope_write_dropped_profiles_total",
                                        "Total number of profiles dropped by Pyroscope endpoints.", labels);
  out.retries = &scope.counter("pyroscope_write_retries_total",
                               "Total number of retries to Pyroscope endpoints.", labels);
  for (const Protocol* protocol : protocols())
    out.latency[protocol->kind()] = {&latency_metric(scope, shown_url, protocol->metric("endpoint")),
                                     &latency_metric(scope, shown_url, protocol->metric("downstream"))};
  out.failures = [&scope, shown_url](const std::string& code) -> metrics::Counter& {
    return scope.counter("pyroscope_write_failed_attempts_total",
                         "Attempts that did not deliver, by what came back.",
                         {{"endpoint", shown_url}, {"code", code}});
  };
  return out;
}

}  // namespace invar::delivery
