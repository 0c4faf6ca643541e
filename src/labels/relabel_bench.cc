// What one label set costs: typical rules of a Kubernetes pod on its ~20 labels, and the hash of a final set.
#include <benchmark/benchmark.h>

#include "labels/relabel.h"

namespace invar::relabel {
namespace {

Labels pod() {
  std::vector<Label> labels = {{"__address__", "10.0.0.7:8080"},
                               {"__meta_kubernetes_namespace", "shop"},
                               {"__meta_kubernetes_pod_name", "cart-6f9d8c7b5-x2x9v"},
                               {"__meta_kubernetes_pod_container_name", "cart"}};
  for (int i = 0; i < 16; ++i)
    labels.push_back({"__meta_kubernetes_pod_label_l" + std::to_string(i), "some-value"});
  return Labels::from(std::move(labels));
}

void BM_TypicalChain(benchmark::State& state) {
  const Labels labels = pod();
  const Rules rules = {
      *Rule::compile(
          {.action = Action::kKeep, .source_labels = {"__meta_kubernetes_namespace"}, .regex = "shop|web"}),
      *Rule::compile(
          {.source_labels = {"__meta_kubernetes_namespace", "__meta_kubernetes_pod_container_name"},
           .separator = "/",
           .target_label = "service_name"}),
      *Rule::compile({.source_labels = {"__meta_kubernetes_pod_name"}, .target_label = "pod"}),
      *Rule::compile({.source_labels = {"__address__"},
                      .regex = "(.+):\\d+",
                      .target_label = "__address__",
                      .replacement = "$1:6060"}),
  };
  for (auto _ : state) benchmark::DoNotOptimize(process(labels, rules));
}
BENCHMARK(BM_TypicalChain);

void BM_LabelMap(benchmark::State& state) {
  const Labels labels = pod();
  const Rules rules = {
      *Rule::compile({.action = Action::kLabelMap, .regex = "__meta_kubernetes_pod_label_(.+)"})};
  for (auto _ : state) benchmark::DoNotOptimize(process(labels, rules));
}
BENCHMARK(BM_LabelMap);

void BM_HashMod(benchmark::State& state) {
  const Labels labels = pod();
  const Rules rules = {*Rule::compile({.action = Action::kHashMod,
                                       .source_labels = {"__address__"},
                                       .modulus = 4,
                                       .target_label = "__shard"})};
  for (auto _ : state) benchmark::DoNotOptimize(process(labels, rules));
}
BENCHMARK(BM_HashMod);

void BM_StableHash(benchmark::State& state) {
  const Labels labels = pod();
  for (auto _ : state) benchmark::DoNotOptimize(labels.stable_hash());
}
BENCHMARK(BM_StableHash);

}  // namespace
}  // namespace invar::relabel

BENCHMARK_MAIN();
