// What a load costs: a file of 1,000 components, the same again, and a change that runs through a chain.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

std::string chain(int components) {
  std::string text = "toy.sum \"c0\" { value = 1 }\n";
  for (int i = 1; i < components; ++i)
    text += fmt::format(
        "toy.sum \"c{}\" {{\n  value  = {}\n  inputs = [toy.sum.c{}.sum]\n  note   = \"component {}\"\n}}\n",
        i, i % 7, i - 1, i);
  return text;
}

void BM_FirstLoad(benchmark::State& state) {
  const std::string text = chain(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    testing::Rig rig;
    if (!rig.load(text).applied) state.SkipWithError("the configuration does not load");
  }
}
BENCHMARK(BM_FirstLoad)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

// The same components as instances of one declare; compare with BM_FlatInstances.
std::string instances(int count, bool flat) {
  std::string text;
  if (!flat)
    text =
        "declare \"pair\" {\n  argument \"n\" { }\n  toy.sum \"a\" { value = argument.n.value }\n"
        "  toy.sum \"b\" {\n    value  = 1\n    inputs = [toy.sum.a.sum]\n  }\n"
        "  export \"sum\" { value = toy.sum.b.sum }\n}\n";
  for (int i = 0; i < count; ++i)
    text += flat ? fmt::format(
                       "toy.sum \"a{0}\" {{ value = {0} }}\ntoy.sum \"b{0}\" {{\n  value  = 1\n  inputs = "
                       "[toy.sum.a{0}.sum]\n}}\n",
                       i)
                 : fmt::format("pair \"p{0}\" {{ n = {0} }}\n", i);
  return text;
}

void load_instances(benchmark::State& state, bool flat) {
  const std::string text = instances(static_cast<int>(state.range(0)), flat);
  for (auto _ : state) {
    testing::Rig rig;
    if (!rig.load(text).applied) state.SkipWithError("the configuration does not load");
  }
}
void BM_FlatInstances(benchmark::State& state) {
  load_instances(state, true);
}
void BM_DeclaredInstances(benchmark::State& state) {
  load_instances(state, false);
}
BENCHMARK(BM_FlatInstances)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_DeclaredInstances)->Arg(1000)->Unit(benchmark::kMillisecond);

void BM_ReloadOfTheSameText(benchmark::State& state) {
  const std::string text = chain(static_cast<int>(state.range(0)));
  testing::Rig rig;
  rig.run(text);
  for (auto _ : state) rig.reload(text);
  rig.stop();
}
BENCHMARK(BM_ReloadOfTheSameText)->Arg(1000)->Unit(benchmark::kMillisecond);

void BM_ChangeThroughAChain(benchmark::State& state) {
  testing::Rig rig;
  rig.run(chain(static_cast<int>(state.range(0))));
  std::int64_t sum = 0;
  for (auto _ : state) {
    rig.toys.publish_sum("toy.sum.c0", ++sum);
    rig.loop.run_until_idle();
    rig.clear_log();
  }
  rig.stop();
}
BENCHMARK(BM_ChangeThroughAChain)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::runtime

BENCHMARK_MAIN();
