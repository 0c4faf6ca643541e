// What watching ourselves costs: the same fixed work with the CPU profiler off and on (100 Hz), and
// symbolising. BM_Overhead alternates the two in short slices, so that a noisy neighbour hits both;
// `overhead_percent` is the answer.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/testing/own_process.h"
#include "selfprof/cpu_sampler.h"
#include "selfprof/profile_builder.h"
#include "symbols/symbolizer.h"

namespace invar::selfprof {
namespace {

__attribute__((noinline)) double leaf(double x) {
  for (int i = 0; i < 20'000; ++i) x = std::sqrt(x + i);
  return x;
}
// A stack of ordinary depth: unwinding costs by the frame.
__attribute__((noinline)) double work(int depth, double x) {
  return depth == 0 ? leaf(x) : work(depth - 1, x) + 1;
}

double slice() {
  const double begin = invar::testing::cpu_seconds();
  double x = 1;
  for (int i = 0; i < 2500; ++i) x = work(30, x);
  benchmark::DoNotOptimize(x);
  return invar::testing::cpu_seconds() - begin;
}

void BM_Overhead(benchmark::State& state) {
  std::vector<double> ratios;
  std::uint64_t samples = 0;
  for (auto _ : state) {
    const double off = slice();
    auto sampler = CpuSampler::start(100);
    const double on = slice();
    samples += (*sampler)->stop().samples;
    ratios.push_back(on / off);
  }
  std::ranges::sort(ratios);
  state.counters["overhead_percent"] = (ratios[ratios.size() / 2] - 1) * 100;
  state.counters["samples"] = static_cast<double>(samples);
}
BENCHMARK(BM_Overhead)->Iterations(21)->Unit(benchmark::kMillisecond);

void BM_SymboliseFirst(benchmark::State& state) {
  auto sampler = CpuSampler::start(100);
  slice();
  const CpuStacks stacks = (*sampler)->stop();
  for (auto _ : state) {
    symbols::Symbolizer symbolizer(getpid());
    benchmark::DoNotOptimize(cpu_profile(stacks, symbolizer));
  }
}
BENCHMARK(BM_SymboliseFirst)->Unit(benchmark::kMillisecond);

void BM_SymboliseAgain(benchmark::State& state) {
  auto sampler = CpuSampler::start(100);
  slice();
  const CpuStacks stacks = (*sampler)->stop();
  symbols::Symbolizer symbolizer(getpid());
  for (auto _ : state) benchmark::DoNotOptimize(cpu_profile(stacks, symbolizer));
}
BENCHMARK(BM_SymboliseAgain)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::selfprof

BENCHMARK_MAIN();
