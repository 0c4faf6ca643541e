#include "runtime/controller_metrics.h"

namespace invar::runtime {
namespace {

constexpr Duration kSlow = std::chrono::minutes(1);

const std::vector<double>& duration_buckets() {
  static const std::vector<double> buckets{.005, .025, .1, .5, 1, 5, 10, 30, 60, 120, 300, 600};
  return buckets;
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

ModuleMetrics::ModuleMetrics(metrics::Registry& registry, const std::string& module_path,
                             const std::string& module_id, std::function<Snapshot()> look)
    : scope_(registry.scope({{"controller_path", module_path}, {"controller_id", module_id}})),
      evaluating_(&scope_->gauge("invar_component_controller_evaluating",
                                 "1 while the graph or a part of it is being evaluated.")),
      queue_size_(&scope_->gauge("invar_component_evaluation_queue_size",
                                 "Components whose changed exports still have to reach their dependants.")),
      evaluation_seconds_(&scope_->histogram("invar_component_evaluation_seconds",
                                             "Time taken by evaluations that changed exports caused.",
                                             duration_buckets())),
      wait_seconds_(&scope_->histogram("invar_component_dependencies_wait_seconds",
                                       "Time from a change of exports to the evaluation of a dependant.",
                                       duration_buckets())) {
  scope_->on_collect([look = std::move(look)](std::vector<metrics::Sample>& out) {
    const Snapshot snapshot = look();
    for (const auto& [state, count] : snapshot.components)
      out.push_back({.name = "invar_component_controller_running_components",
                     .help = "Components by their health.",
                     .labels = {{"health_type", std::string(component::to_string(state))}},
                     .value = static_cast<double>(count)});
    for (const auto& [from, to] : snapshot.connections)
      out.push_back({.name = "invar_component_graph_connection",
                     .help = "1 for each connection along which data flows.",
                     .labels = {{"from", from}, {"to", to}},
                     .value = 1});
  });
}

void ModuleMetrics::observe_evaluation(const std::string& component_id, Duration waited, Duration took) {
  wait_seconds_->observe(seconds(waited));
  evaluation_seconds_->observe(seconds(took));
  if (took < kSlow) return;
  scope_
      ->counter("invar_component_evaluation_slow_seconds",
                "Seconds spent in evaluations that took a minute or more.", {{"component_id", component_id}})
      .add(seconds(took));
}

ConfigMetrics::ConfigMetrics(metrics::Registry& registry)
    : scope_(registry.scope({})),
      hash_scope_(registry.scope({{"cluster_name", ""}})),
      successful_(&scope_->gauge(
          "invar_config_last_load_successful",
          "1 when the running configuration is the one that was read last, without any error in it.")),
      success_time_(&scope_->gauge("invar_config_last_load_success_timestamp_seconds",
                                   "When a configuration was last loaded without an error.")),
      failures_(&scope_->counter("invar_config_load_failures_total",
                                 "Times that a configuration could not be read, or had an error.")) {}

void ConfigMetrics::note_sources(const std::string& hash) {
  const std::string next = hash.empty() ? std::string(64, '0') : hash;
  constexpr std::string_view kName = "invar_config_hash";
  if (!hash_.empty()) hash_scope_->remove(kName, {{"sha256", hash_}});
  hash_scope_->gauge(kName, "1 for the configuration that was read last.", {{"sha256", next}}).set(1);
  hash_ = next;
}

void ConfigMetrics::note_loaded(bool success, UnixNanos now) {
  successful_->set(success ? 1 : 0);
  if (success)
    success_time_->set(seconds(Duration(now)));
  else
    failures_->add();
}

}  // namespace invar::runtime
