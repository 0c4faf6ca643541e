// What delivery costs, against the least that could do the same: bare libcurl POSTs, bare writes with fdatasync.
//   components_pyroscope_write_bench --benchmark_counters_tabular=true
// `cpu_us` is user + system time of this process per profile; the server is a child process and does not count. Compare a line
// with the reference line of its group. Bodies are 50 KB that do not compress; the disk is the one under TMPDIR.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "async/loop.h"
#include "async/testing/test_loop.h"
#include "base/check.h"
#include "base/testing/own_process.h"
#include "base/unique_fd.h"
#include "components/pyroscope/write/writer.h"
#include "delivery/spill.h"
#include "fs/testing/temp_dir.h"
#include "http/testing/bare_post.h"
#include "http/testing/bench_server.h"
#include "http/testing/fake_transport.h"

namespace invar::components::pyroscope_write {
namespace {

constexpr std::size_t kBodyBytes = 50'000;

// CPU time and rate of what one iteration does with `profiles` profiles.
template <class Work>
void measure(benchmark::State& state, std::size_t profiles, Work work) {
  double cpu = 0;
  for (auto _ : state) {
    const double before = invar::testing::cpu_seconds();
    work();
    cpu += invar::testing::cpu_seconds() - before;
  }
  const double count = static_cast<double>(state.iterations()) * static_cast<double>(profiles);
  state.counters["cpu_us"] = cpu / count * 1e6;
  state.counters["profiles/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
}

SharedBytes noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return share(std::move(out));
}

pipeline::ProfilePtr profile_of(const SharedBytes& body, UnixNanos taken) {
  auto out = std::make_shared<pipeline::Profile>();
  out->labels =
      Labels{{"__name__", "process_cpu"}, {"namespace", "bench"}, {"pod", "p-1"}, {"service_name", "api"}};
  out->body = body;
  out->taken_unix_ns = taken;
  out->checked = true;
  return out;
}

Writer::Environment environment(async::Loop& loop, metrics::Scope& scope,
                                std::shared_ptr<http::Transport> http) {
  Writer::Environment out;
  out.component_id = "pyroscope.write.bench";
  out.instance_uid = "uid";
  out.user_agent = "invar/bench";
  out.metrics = &scope;
  out.loop = &loop;
  out.files = fs::posix();
  out.http = std::move(http);
  out.random = [engine = std::mt19937_64(1)]() mutable { return engine(); };
  return out;
}

Arguments arguments(const std::string& url, const QueueArguments& queue = {}) {
  Arguments out;
  out.endpoints.push_back({.url = url});
  out.queue = queue;
  return out;
}

// ---- pushes from memory

constexpr std::size_t kPushes = 4'000;

void BarePush(benchmark::State& state) {
  const http::testing::BenchServer server(0);
  http::testing::BarePost bare(server.url(0) + "/push.v1.PusherService/Push",
                               std::string(kBodyBytes + 150, 'q'), 32);
  bare.run(200);
  measure(state, kPushes, [&] { bare.run(kPushes); });
}
BENCHMARK(BarePush)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

void Push(benchmark::State& state) {
  const http::testing::BenchServer server(0);
  const auto loop = async::RealLoop::create();
  const auto pool = async::make_worker_pool(*loop, 1, "bench-disk");
  const fs::testing::TempDir dir;
  const auto registry = metrics::Registry::create();
  const auto scope = registry->scope({});
  Writer::Environment env =
      environment(*loop, *scope, http::Transport::create(*loop, fs::posix(), nullptr, {}));
  env.disk_pool = pool.get();
  env.pool = pool.get();
  env.data_path = dir.root();
  std::size_t left = 0, running = 0;
  std::function<void()> offer;
  env.on_end = [&](const pipeline::ProfilePtr&, const delivery::Outcome& outcome) {
    INVAR_CHECK(outcome.end == delivery::End::kSent, outcome.in_words());
    --running;
    loop->post([&] { offer(); });
  };
  Writer writer(std::move(env));
  INVAR_CHECK(writer.configure(arguments(server.url(0))), "configure");
  const SharedBytes body = noise(kBodyBytes, 1);
  offer = [&] {
    if (left > 0) {
      --left;
      ++running;
      writer.receiver()->accept(profile_of(body, loop->unix_ns()));
    } else if (running == 0) {
      loop->stop();
    }
  };
  const auto run = [&](std::size_t count) {
    left = count;
    for (int i = 0; i < 48; ++i) offer();  // a few more than may be in flight
    loop->run();
  };
  run(200);
  measure(state, kPushes, [&] { run(kPushes); });
  bool stopped = false;
  writer.stop([&] {
    stopped = true;
    loop->stop();
  });
  if (!stopped) loop->run();
}
BENCHMARK(Push)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// ---- spill and replay: what is written to disk, read again and acknowledged

constexpr std::size_t kSpilled = 1'024;

void BareWrites(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const fs::testing::TempDir dir;
  const SharedBytes bytes = noise(8 << 20, 2);
  measure(state, kSpilled, [&] {
    const std::string path = dir.root() + "/raw";
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    for (std::size_t i = 0; i < kSpilled; ++i) {
      const char* body = bytes->data() + i * 7919 % (bytes->size() - kBodyBytes);
      INVAR_CHECK(::write(fd.get(), body, kBodyBytes) == static_cast<ssize_t>(kBodyBytes), "write");
      if (i % group == group - 1) INVAR_CHECK(::fdatasync(fd.get()) == 0, "sync");
    }
    ::unlink(path.c_str());
  });
}
BENCHMARK(BareWrites)
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// In groups of that size through the Spill of an endpoint, on its worker thread.
void SpillAndReplay(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0));
  const fs::testing::TempDir dir;
  const auto loop = async::RealLoop::create();
  const auto pool = async::make_worker_pool(*loop, 1, "bench-disk");
  const SharedBytes bytes = noise(8 << 20, 2);
  std::vector<delivery::OutgoingPtr> profiles;
  for (std::size_t i = 0; i < kSpilled; ++i) {
    auto body = share(std::string(bytes->data() + i * 7919 % (bytes->size() - kBodyBytes), kBodyBytes));
    const auto profile = profile_of(body, 1);
    profiles.push_back(
        std::make_shared<const delivery::Outgoing>(delivery::make_push(*profile, profile->labels, false)));
  }
  std::size_t written = 0, loaded = 0;
  std::vector<queue::RecordId> records;
  delivery::Spill* spill = nullptr;
  const auto write_group = [&] {
    for (std::size_t i = 0; i < group; ++i) spill->write(written + i, profiles[written + i], i == group - 1);
  };
  const auto load_group = [&] {
    for (std::size_t i = loaded; i < loaded + group; ++i) spill->load(i, records[i]);
  };
  delivery::Spill::Events events;
  events.on_opened = [&](auto opened) {
    INVAR_CHECK(opened, "open");
    loop->stop();
  };
  events.on_written = [&](const auto& numbers, auto first) {
    INVAR_CHECK(first, "write");
    for (std::size_t i = 0; i < numbers.size(); ++i) records.push_back(*first + i);
    written += numbers.size();
    if (written % group != 0) return;
    written < kSpilled ? write_group() : load_group();
  };
  events.on_loaded = [&](auto number, auto profile) {
    INVAR_CHECK(profile && (*profile)->body_bytes() == kBodyBytes, "load");
    spill->ack(records[number]);
    if (++loaded % group == 0 && loaded < kSpilled) load_group();
  };
  events.on_evicted = [](const auto&) { INVAR_CHECK(false, "evicted"); };
  events.on_idle = [&] {
    if (loaded == kSpilled) loop->stop();
  };
  delivery::Spill made({loop.get(), pool.get(), fs::posix(), dir.root() + "/q", "http://one"},
                       std::uint64_t{1} << 30, std::move(events));
  spill = &made;
  made.open();
  loop->run();
  measure(state, kSpilled, [&] {
    written = loaded = 0;
    records.clear();
    write_group();
    loop->run();
  });
  INVAR_CHECK(made.stats().pending_records == 0, "all acknowledged");
}
BENCHMARK(SpillAndReplay)
    ->Arg(16)
    ->Arg(64)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// ---- an hour without a server: 1,000 profiles a minute, in virtual time, on a real disk

void HourOfOutage(benchmark::State& state) {
  constexpr std::int64_t kBound = 32 << 20;
  constexpr std::size_t kBytes = 5'000;
  for (auto _ : state) {
    const fs::testing::TempDir dir;
    async::testing::TestLoop loop;
    async::testing::InlineWorkerPool pool(loop);
    const auto registry = metrics::Registry::create();
    const auto scope = registry->scope({});
    auto http = std::make_shared<http::testing::FakeTransport>(loop);
    http->set_handler(
        [](const auto&) { return http::testing::failure(http::FailureKind::kConnect, "refused"); });
    Writer::Environment env = environment(loop, *scope, http);
    env.pool = env.disk_pool = &pool;
    env.data_path = dir.root();
    Writer writer(std::move(env));
    INVAR_CHECK(writer.configure(
                    arguments("http://one", {.max_memory_bytes = kBound, .max_age = std::chrono::hours(2)})),
                "configure");
    loop.run_until_idle();
    const double before = invar::testing::resident_bytes() / (1 << 20);
    double most = 0;
    for (int i = 0; i < 60'000; ++i) {
      writer.receiver()->accept(profile_of(noise(kBytes, static_cast<unsigned>(i)), loop.unix_ns()));
      loop.advance(std::chrono::milliseconds(60));
      if (i % 100 == 0) {
        http->forget_exchanges();
        most = std::max(most, invar::testing::resident_bytes() / (1 << 20));
      }
    }
    const auto row = writer.ledger("http://one");
    state.counters["queued"] = static_cast<double>(row.queued);
    state.counters["dropped"] = static_cast<double>(row.dropped);
    state.counters["RSS_MiB"] = most - before;
    state.counters["bound_MiB"] = static_cast<double>(kBound) / (1 << 20);
  }
}
BENCHMARK(HourOfOutage)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace invar::components::pyroscope_write

BENCHMARK_MAIN();
