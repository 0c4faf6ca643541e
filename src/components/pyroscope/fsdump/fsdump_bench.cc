// A profile's whole way through the component (rules, labels, queue, worker, file, ledger) against creating a file,
// writing the same bytes and renaming it: turn by turn in one run, CPU time of the thread, files in /dev/shm.
// Counters: ratio = ours / plain; us = of one profile. Results: docs/benchmarks/archive.md.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <random>

#include "async/testing/test_loop.h"
#include "base/testing/own_process.h"
#include "component/relabel_schema.h"
#include "components/pyroscope/fsdump/dumper.h"
#include "fs/testing/temp_dir.h"

namespace invar::components::pyroscope_fsdump {
namespace {

constexpr int kProfiles = 500;  // a turn

void plain(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  const bool written = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  ::close(fd);
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) std::abort();
}

void empty(const std::filesystem::path& folder, const std::string& keep) {
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename() != keep) std::filesystem::remove(entry.path());
}

void BM_Dump(benchmark::State& state) {
  const fs::testing::TempDir temporary("/dev/shm");
  const std::filesystem::path root = temporary.root();
  std::filesystem::create_directory(root / "plain");
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool(loop);
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({{"component_id", "pyroscope.fsdump.bench"}});
  auto directory = archive::Directory::open(fs::posix(), (root / "ours").string(), "bench", {});
  if (!directory) state.SkipWithError("cannot open the directory");
  relabel::RuleConfig keep;
  keep.action = relabel::Action::kKeep;
  keep.source_labels = {"__name__", "service_name"};
  keep.regex = "process_cpu;(api|database|cache).*";
  double ours = 0, theirs = 0;
  {
    Dumper dumper({"pyroscope.fsdump.bench", log::Logger(), scope.get(), &loop, &pool,
                   [random = std::mt19937_64(1)]() mutable { return random(); }, pipeline::Tap()});
    dumper.configure({component::compile_rules({keep}), {{"environment", "production"}}, {}},
                     std::move(*directory), "bench");
    dumper.start();
    loop.run_until_idle();

    auto profile = std::make_shared<pipeline::Profile>();
    profile->labels = Labels{{"__name__", "process_cpu"},
                             {"instance", "10.0.0.17:6060"},
                             {"job", "pyroscope.scrape.default"},
                             {"namespace", "shop"},
                             {"service_name", "api"}};
    profile->taken_unix_ns = loop.unix_ns();
    std::string body("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    std::mt19937_64 random(7);
    while (body.size() < static_cast<std::size_t>(state.range(0))) body += static_cast<char>(random());
    const std::string same = body + std::string(170, 'x');
    profile->body = share(std::move(body));
    const std::string name = "/0197f000-0000-7000-8000-000000000000.pb.gz";
    for (auto _ : state) {
      double start = invar::testing::thread_cpu_seconds();
      for (int i = 0; i < kProfiles; ++i) {
        (void)dumper.receiver()->accept(profile);
        loop.run_until_idle();
      }
      ours += invar::testing::thread_cpu_seconds() - start;
      start = invar::testing::thread_cpu_seconds();
      for (int i = 0; i < kProfiles; ++i) plain((root / "plain").string() + name + std::to_string(i), same);
      theirs += invar::testing::thread_cpu_seconds() - start;
      state.PauseTiming();
      empty(root / "plain", "");
      empty(root / "ours", std::string(archive::kLockName));
      state.ResumeTiming();
    }
    dumper.stop([] {});
    loop.run_until_idle();
  }
  state.counters["ratio"] = ours / theirs;
  state.counters["us"] = ours / static_cast<double>(state.iterations()) / kProfiles * 1e6;
}
BENCHMARK(BM_Dump)->Arg(1 << 10)->Arg(20 << 10)->Arg(200 << 10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::components::pyroscope_fsdump

BENCHMARK_MAIN();
