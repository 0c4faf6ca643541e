// Recordings into pprof: bytes of recording per second of one core, and what it takes of memory beside the recording. Goals: 200 MB/s,
// and with the recording twice its size.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/proc_file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
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

// VmRSS or VmHWM of this process, in bytes.
double memory(const std::string& name) {
  const std::string status = read_proc_file("/proc/self/status");
  const std::string_view line = std::string_view(status).substr(status.find(name) + name.size() + 1);
  return 1024 * parse_double(trim_space(line.substr(0, line.find("kB")))).value_or(0);
}

void forget_the_peak() {
  const UniqueFd file(open("/proc/self/clear_refs", O_WRONLY));
  if (write(file.get(), "5", 1) != 1) std::abort();
}

void to_pprof_of_a_busy_server(benchmark::State& state) {
  static const std::string recording = busy_recording(2'000'000);
  forget_the_peak();
  const double before = memory("VmRSS");
  for (auto _ : state) benchmark::DoNotOptimize(to_pprof(recording, {}));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * recording.size()));
  static double most = 0;  // the first run's: later ones find the memory there
  most = std::max(most, memory("VmHWM") - before);
  state.counters["memory/size"] = 1 + most / static_cast<double>(recording.size());
}
BENCHMARK(to_pprof_of_a_busy_server)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::jfr

BENCHMARK_MAIN();
