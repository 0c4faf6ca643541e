// Recordings into pprof: bytes of recording per second of one core. Goal: 200 MB/s.
#include <benchmark/benchmark.h>

#include <random>

#include "jfr/testing/recordings.h"
#include "jfr/to_pprof.h"

namespace invar::jfr {
namespace {

// As busy servers write it: some thousand stacks, 40 deep, allocations five times as often as execution samples.
std::string busy_recording(std::size_t events) {
  testing::ChunkWriter chunk;
  std::mt19937 random(1);
  std::vector<std::uint64_t> stacks;
  for (int i = 0; i < 2000; ++i) {
    std::vector<testing::ChunkWriter::Frame> frames;
    for (int depth = 0; depth < 40; ++depth) {
      const std::uint32_t method = depth < 10 ? random() % 500 : depth;
      frames.push_back({"com/example/shop/Class" + std::to_string(method % 97),
                        "method" + std::to_string(method), static_cast<std::int32_t>(random() % 3)});
    }
    stacks.push_back(chunk.stack(frames));
  }
  for (std::size_t i = 0; i < events; ++i) {
    const auto type = i % 6 == 0 ? testing::ChunkWriter::kExecution : testing::ChunkWriter::kInNewTlab;
    chunk.sample(type, {.stack = stacks[random() % stacks.size()], .amount = 524'288});
  }
  return chunk.finish();
}

void to_pprof_of_a_busy_server(benchmark::State& state) {
  static const std::string recording = busy_recording(2'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(to_pprof(recording, {}));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * recording.size()));
}
BENCHMARK(to_pprof_of_a_busy_server)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::jfr
