#include "components/pyroscope/java/java_metrics.h"

namespace invar::components::pyroscope_java {
namespace {

const std::vector<double> kAttach = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

}  // namespace

JavaMetrics::JavaMetrics(metrics::Scope& scope)
    : attach_seconds(scope.histogram(
          "pyroscope_java_attach_seconds",
          "Time that a JVM's commands of one round took, also waiting for their turn.", kAttach)),
      recording_bytes(scope.counter("pyroscope_java_jfr_bytes_total", "Bytes of JFR recordings read.")),
      refused(scope.counter("pyroscope_java_profiles_refused_total",
                            "Profiles lost because a receiver did not take them.")),
      unprofiled_seconds(scope.counter("pyroscope_java_unprofiled_seconds_total",
                                       "Time between the recordings of the same JVM.")),
      scope_(scope) {}

void JavaMetrics::count_round(std::string_view result) {
  scope_
      .counter("pyroscope_java_rounds_total", "Rounds of recording by result.",
               {{"result", std::string(result)}})
      .add();
}

void JavaMetrics::count_events(const Converted& converted) {
  std::uint64_t others = converted.report.events;
  const auto count = [this](std::string_view type, std::uint64_t events) {
    if (events == 0) return;
    scope_
        .counter("pyroscope_java_events_total",
                 "Events in recordings, by type; `other` are those that go into no profile.",
                 {{"type", std::string(type)}})
        .add(static_cast<double>(events));
  };
  for (std::size_t kind = 0; kind < jfr::kEventKinds; ++kind) {
    count(jfr::event_shapes()[kind].event, converted.events[kind]);
    others -= converted.events[kind];
  }
  count("other", others);
}

void JavaMetrics::count_profile(std::string_view type) {
  scope_
      .counter("pyroscope_java_profiles_total", "Profiles made of recordings, by type.",
               {{"type", std::string(type)}})
      .add();
}

void JavaMetrics::count_samples(std::string_view type, std::uint64_t samples) {
  scope_
      .counter("pyroscope_java_samples_total", "Different samples in the profiles made, by type.",
               {{"type", std::string(type)}})
      .add(static_cast<double>(samples));
}

}  // namespace invar::components::pyroscope_java
