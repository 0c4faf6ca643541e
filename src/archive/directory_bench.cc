// Storing profiles against the plain way: create a file, write the same bytes, rename it. Turn by turn in the same run,
// CPU time of the thread, on a file system in memory (/dev/shm), so that the disk's own work hides nothing.
// Counters: ratio = ours / plain; us = of one profile; overhead = bytes a file beyond the body.
// Results: docs/benchmarks/archive.md.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <random>

#include "archive/directory.h"
#include "base/testing/own_process.h"
#include "fs/testing/temp_dir.h"

namespace invar::archive {
namespace {

constexpr int kFiles = 500;  // a turn

// What Invar's own scrape of itself would carry.
Meta meta() {
  Meta meta;
  meta.labels = Labels{{"__name__", "process_cpu"},
                       {"instance", "10.0.0.17:6060"},
                       {"job", "pyroscope.scrape.default"},
                       {"namespace", "shop"},
                       {"service_name", "checkout"}};
  meta.taken_unix_ns = 1'789'000'000'123'456'789;
  meta.origin = "pyroscope.fsdump.archive";
  return meta;
}

std::string gzip_like(std::size_t size) {
  std::mt19937_64 random(size);
  std::string body("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  while (body.size() < size) body += static_cast<char>(random());
  return body;
}

void plain(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  const bool written = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  ::close(fd);
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) std::abort();
}

void BM_Store(benchmark::State& state) {
  const std::string body = gzip_like(static_cast<std::size_t>(state.range(0)));
  const fs::testing::TempDir temporary("/dev/shm");
  const std::filesystem::path root = temporary.root();
  std::filesystem::create_directory(root / "plain");
  auto directory = Directory::open(fs::posix(), (root / "ours").string(), "bench", {});
  if (!directory || !(*directory)->scan(0)) state.SkipWithError("cannot open the directory");
  std::mt19937_64 random(1);
  std::string ten(10, '\0');
  UnixNanos now = 1'789'000'000'000'000'000;
  double ours = 0, theirs = 0;
  std::uint64_t files = 0, bytes = 0;
  std::vector<std::string> names;
  for (auto _ : state) {
    names.clear();
    double start = invar::testing::thread_cpu_seconds();
    for (int i = 0; i < kFiles; ++i) {
      for (char& c : ten) c = static_cast<char>(random());
      auto stored = (*directory)->store(meta(), body, now += 1'000'000, ten);
      bytes += stored->bytes;
      names.push_back(std::move(stored->name));
    }
    const double stored = invar::testing::thread_cpu_seconds();
    ours += stored - start;
    // The same number of bytes under names of the same length.
    const std::string same(bytes / (files + kFiles), 'x');
    start = invar::testing::thread_cpu_seconds();
    for (const std::string& name : names) plain((root / "plain" / name).string(), same);
    theirs += invar::testing::thread_cpu_seconds() - start;
    files += kFiles;
    state.PauseTiming();
    for (const std::string& name : names) {
      std::filesystem::remove(root / "ours" / name);
      std::filesystem::remove(root / "plain" / name);
    }
    state.ResumeTiming();
  }
  const auto count = static_cast<double>(files);
  state.counters["ratio"] = ours / theirs;
  state.counters["us"] = ours / count * 1e6;
  state.counters["plain_us"] = theirs / count * 1e6;
  state.counters["overhead"] = static_cast<double>(bytes) / count - static_cast<double>(body.size());
  directory->reset();
}
BENCHMARK(BM_Store)->Arg(1 << 10)->Arg(20 << 10)->Arg(200 << 10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::archive

BENCHMARK_MAIN();
