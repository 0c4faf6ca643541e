// `ls` with a selector over an archive, against the least that can be done: listing the folder, opening every file in the order
// in which it is listed, and reading its first 4 KiB. Goal: at most twice that.
#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "archive_tool/commands.h"
#include "pprof/testing/random_profile.h"

namespace invar::archive_tool {
namespace {

constexpr UnixNanos kStart = 1'789'000'000'000'000'000;

// A hundred services; removed at the end of the process.
class Archive {
 public:
  explicit Archive(std::size_t files)
      : path_(std::filesystem::temp_directory_path() / fmt::format("ls_bench.{}", getpid())) {
    std::filesystem::create_directories(path_);
    const std::string body = pprof::testing::captured_gzip("prom-cpu-1");
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < files; ++i) {
      archive::Meta meta{.taken_unix_ns = kStart + static_cast<UnixNanos>(i) * 1'000'000,
                         .origin = "pyroscope.fsdump.archive"};
      meta.labels = Labels{{"__name__", i % 2 ? "process_cpu" : "memory"},
                           {"service_name", fmt::format("shop/service-{}", i % 100)},
                           {"instance", fmt::format("10.0.{}.{}:8080", i / 200 % 200, i % 200)},
                           {"namespace", "production"},
                           {"pod", fmt::format("service-{}-7d9f8b6c5d-{:05}", i % 100, i)},
                           {"job", "pyroscope.scrape.pods"}};
      std::string bytes(10, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      const auto encoded = archive::encode(meta, body);
      const std::string name =
          archive::file_name(archive::make_uuid_v7(meta.taken_unix_ns, bytes), archive::Kind::kPprof);
      std::ofstream(path_ / name, std::ios::binary) << encoded->head << encoded->body_tail;
    }
  }
  ~Archive() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

const Archive& archive() {
  static const Archive archive(100'000);
  return archive;
}

void open_and_read(benchmark::State& state) {
  const std::string path = archive().path();
  std::array<char, 4096> buffer;
  for (auto _ : state) {
    std::size_t bytes = 0;
    DIR* const folder = opendir(path.c_str());
    while (const dirent* entry = readdir(folder)) {
      const int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
      const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) bytes += static_cast<std::size_t>(got);
      close(fd);
    }
    closedir(folder);
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(open_and_read)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

void ls_with_selector(benchmark::State& state) {
  const std::string path = archive().path();
  std::size_t printed = 0;
  const Environment environment{.files = fs::posix(),
                                .print = [&](std::string_view text) { printed += text.size(); },
                                .warn = [](std::string_view) {},
                                .now_unix_ns = kStart,
                                .threads = static_cast<unsigned>(state.range(0))};
  const Selection selection{.paths = {path},
                            .selector = R"({service_name=~"shop/service-1.", __name__="process_cpu"})"};
  for (auto _ : state) {
    printed = 0;
    if (ls(environment, {.selection = selection}) != 0 || printed < 1000) state.SkipWithError("ls failed");
  }
}
BENCHMARK(ls_with_selector)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace invar::archive_tool

BENCHMARK_MAIN();
