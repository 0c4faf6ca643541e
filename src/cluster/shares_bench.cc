// Who owns a key: by the ring and by slots; and what the pool takes to make either, and to weigh.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "cluster/weigh.h"

namespace invar::cluster {
namespace {

std::vector<std::string> names_of(std::int64_t nodes) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < nodes; ++i) names.push_back(fmt::format("node-{:04}", i));
  return names;
}

void look_up(benchmark::State& state, bool by_cost) {
  const Shares shares({names_of(state.range(0)), by_cost, nullptr});
  std::mt19937_64 chance(1);
  std::vector<std::uint64_t> keys(50'000);
  for (auto& key : keys) key = chance();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shares.owner(keys[i]));
    if (++i == keys.size()) i = 0;
  }
}
BENCHMARK_CAPTURE(look_up, ring, false)->Arg(3)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(look_up, slots, true)->Arg(3)->Arg(100)->Arg(1000);

void make(benchmark::State& state, bool by_cost) {
  for (auto _ : state) benchmark::DoNotOptimize(Shares({names_of(state.range(0)), by_cost, nullptr}));
}
BENCHMARK_CAPTURE(make, ring, false)->Arg(3)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(make, slots, true)->Arg(3)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

void weigh_all(benchmark::State& state) {
  const Shares shares({names_of(state.range(0)), true, nullptr});
  std::mt19937_64 chance(1);
  std::lognormal_distribution<> cost(8, 1.5);
  std::vector<SlotCost> costs(kSlots);
  for (int i = 0; i < 100'000; ++i) {
    auto& slot = costs[slot_of(chance())];
    slot.bytes += cost(chance);
    slot.cpu += cost(chance);
  }
  for (auto _ : state) benchmark::DoNotOptimize(weigh(shares, costs, {}));
}
BENCHMARK(weigh_all)->Arg(3)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::cluster

BENCHMARK_MAIN();
