// The durable queue against the bare writes that it cannot do without: the same bytes, written and synced in the same groups.
// Compare a line with the reference line of the same group size. Real disk under TMPDIR; 50 KB bodies that do not compress.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/check.h"
#include "base/unique_fd.h"
#include "codec/hash.h"
#include "fs/testing/temp_dir.h"
#include "queue/segment_queue.h"

namespace invar::queue {
namespace {

constexpr std::size_t kBodyBytes = 50'000;
constexpr std::size_t kRecords = 1'024;
constexpr char kHeader[] = "process_cpu\x1fhttp://127.0.0.1:4040\x1fservice_name=bench";

const std::string& noise() {
  static const std::string bytes = [] {
    std::mt19937_64 random(1);
    std::string out(8 << 20, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
  }();
  return bytes;
}

std::string_view body(std::size_t i) {
  return std::string_view(noise()).substr(i * 7919 % (noise().size() - kBodyBytes), kBodyBytes);
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRecords));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRecords * kBodyBytes));
}

// The reference line.
void RawWriteAndSync(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const fs::testing::TempDir dir;
  for (auto _ : state) {
    const std::string path = dir.root() + "/raw";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    for (std::size_t i = 0; i < kRecords; ++i) {
      INVAR_CHECK(::write(fd.get(), body(i).data(), kBodyBytes) == static_cast<ssize_t>(kBodyBytes), "write");
      if (i % group == group - 1) INVAR_CHECK(::fdatasync(fd.get()) == 0, "sync");
    }
    ::unlink(path.c_str());
  }
  report(state);
}
BENCHMARK(RawWriteAndSync)
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

std::vector<RecordId> fill(SegmentQueue& queue, std::size_t group) {
  std::vector<NewRecord> records;
  std::vector<RecordId> ids;
  for (std::size_t i = 0; i < kRecords; ++i) {
    records.push_back({static_cast<UnixNanos>(i), kHeader, body(i)});
    if (records.size() < group) continue;
    RecordId id = *queue.append(records);
    for (std::size_t k = 0; k < records.size(); ++k) ids.push_back(id++);
    records.clear();
  }
  return ids;
}

void Append(benchmark::State& state) {
  const fs::testing::TempDir dir;
  for (auto _ : state) {
    const auto queue = *SegmentQueue::open(fs::posix(), {.directory = dir.root() + "/q"});
    const auto ids = fill(*queue, static_cast<std::size_t>(state.range(0)));
    state.PauseTiming();
    INVAR_CHECK(queue->ack(ids), "ack");
    state.ResumeTiming();
  }
  report(state);
}
BENCHMARK(Append)
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// Spill and replay: append, read, acknowledge, until the disk is empty again.
void AppendReadAndAcknowledge(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const fs::testing::TempDir dir;
  for (auto _ : state) {
    const auto queue = *SegmentQueue::open(fs::posix(), {.directory = dir.root() + "/q"});
    const auto ids = fill(*queue, group);
    for (std::size_t i = 0; i < ids.size(); i += group) {
      for (std::size_t k = i; k < i + group; ++k) benchmark::DoNotOptimize(queue->read(ids[k])->body.data());
      INVAR_CHECK(queue->ack(std::span(ids).subspan(i, group)), "ack");
    }
    INVAR_CHECK(queue->stats().disk_bytes == 0, "the disk is empty again");
  }
  report(state);
}
BENCHMARK(AppendReadAndAcknowledge)
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void Reopen(benchmark::State& state) {
  const fs::testing::TempDir dir;
  const SegmentQueue::Options options{.directory = dir.root() + "/q"};
  fill(**SegmentQueue::open(fs::posix(), options), 64);
  for (auto _ : state) benchmark::DoNotOptimize(SegmentQueue::open(fs::posix(), options)->get());
  report(state);
}
BENCHMARK(Reopen)->Unit(benchmark::kMillisecond);

void Checksum(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(codec::crc32c(noise()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * noise().size()));
}
BENCHMARK(Checksum)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::queue

BENCHMARK_MAIN();
