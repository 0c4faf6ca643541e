// One profile's labels through the cache: a label set that is known, and one that is not. 100 labels, distinct objects as a relay
// gets them. The goal: a hit costs at most a tenth of a miss.
#include <benchmark/benchmark.h>

#include "components/pyroscope/relabel/cache.h"
#include "labels/relabel.h"

namespace invar::components::pyroscope_relabel {
namespace {

Labels label_set(int instance) {
  std::vector<Label> labels = {{"__name__", "process_cpu"},
                               {"service_name", "shop/checkout"},
                               {"instance", "10.0.0." + std::to_string(instance) + ":6060"}};
  for (int i = 0; labels.size() < 100; ++i)
    labels.push_back(
        {"__meta_kubernetes_pod_label_app_" + std::to_string(i), "value-of-label-" + std::to_string(i)});
  return Labels::from(std::move(labels));
}

relabel::Rules rules() {
  relabel::Rules out;
  for (const relabel::RuleConfig& config : std::vector<relabel::RuleConfig>{
           {.action = relabel::Action::kDrop, .source_labels = {"service_name"}, .regex = "test/.*"},
           {.source_labels = {"instance"}, .regex = "(.*):.*", .target_label = "host"},
           {.source_labels = {"__meta_kubernetes_pod_label_app_1"}, .target_label = "app"},
           {.action = relabel::Action::kLabelDrop, .regex = "__meta_.*"}})
    out.push_back(*relabel::Rule::compile(config));
  return out;
}

void miss(benchmark::State& state) {
  const relabel::Rules compiled = rules();
  Cache cache(1);  // the other one of two is never in it
  const Labels sets[] = {label_set(1), label_set(2)};
  std::size_t turn = 0;
  for (auto _ : state) {
    const Labels& input = sets[++turn % 2];
    if (cache.find(input)) state.SkipWithError("a hit");
    cache.insert(input, relabel::process(input, compiled));
  }
}
BENCHMARK(miss);

void hit(benchmark::State& state) {
  const relabel::Rules compiled = rules();
  Cache cache(100);
  std::vector<Labels> again;
  for (int i = 0; i < 100; ++i) {
    cache.insert(label_set(i), relabel::process(label_set(i), compiled));
    again.push_back(label_set(i));
  }
  std::size_t turn = 0;
  for (auto _ : state)
    if (!cache.find(again[++turn % again.size()])) state.SkipWithError("a miss");
}
BENCHMARK(hit);

}  // namespace
}  // namespace invar::components::pyroscope_relabel

BENCHMARK_MAIN();
