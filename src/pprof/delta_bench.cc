// The delta, gzip in -> gzip out, against L = inflate the input + deflate the output, measured turn by turn in
// the same run. Counters: L_us; ratio = whole job / L with ISA-L's inflate and level 1 as the reference line;
// own = whole job / L with the codecs that the job itself uses; delta_us = the job without its codecs;
// state = bytes a stack at rest. Results and what was tried: docs/benchmarks/delta.md.
#include <benchmark/benchmark.h>
#include <isa-l.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "base/testing/own_process.h"
#include "codec/gzip.h"
#include "pprof/delta.h"
#include "pprof/delta_state.h"
#include "pprof/delta_table.h"
#include "pprof/testing/random_profile.h"

namespace invar::pprof {
namespace {

constexpr std::uint64_t kLimit = 1 << 28;

template <class F>
double timed(F work) {
  const double start = invar::testing::thread_cpu_seconds();
  work();
  return invar::testing::thread_cpu_seconds() - start;
}

// The reference line: ISA-L as it comes, streaming inflate and level 1.
class ReferenceCodec {
 public:
  void gunzip(std::string_view in, std::size_t size, std::string& out) {
    out.resize(size + 64);
    isal_inflate_init(&inflate_);
    inflate_.crc_flag = ISAL_GZIP;
    inflate_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
    inflate_.avail_in = static_cast<std::uint32_t>(in.size());
    inflate_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    inflate_.avail_out = static_cast<std::uint32_t>(out.size());
    isal_inflate(&inflate_);
  }
  void gzip(std::string_view in, std::string& out) {
    out.resize(in.size() + in.size() / 8 + 4096);
    isal_deflate_init(&stream_);
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.level = 1;
    stream_.level_buf = reinterpret_cast<std::uint8_t*>(buffer_.data());
    stream_.level_buf_size = static_cast<std::uint32_t>(buffer_.size());
    stream_.end_of_stream = 1;
    stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<std::uint32_t>(in.size());
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = static_cast<std::uint32_t>(out.size());
    isal_deflate(&stream_);
  }

 private:
  inflate_state inflate_;
  isal_zstream stream_;
  std::string buffer_ = std::string(ISAL_DEF_LVL1_DEFAULT, '\0');
};

// The lower quartile: of a busy machine, what the work itself takes.
double typical(std::vector<double>& times) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 4);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

void run(benchmark::State& state, std::string_view profile_name, const std::string& before,
         const std::string& after) {
  DeltaEngine engine;
  codec::Inflater inflater;
  ReferenceCodec reference;
  codec::Deflater own(&delta_table());
  const Result<DeltaResult> first = engine.step(before, profile_name, nullptr, kLimit);
  const Result<DeltaResult> second = engine.step(after, profile_name, first->next, kLimit);
  std::string raw, out_raw, packed;
  inflater.gunzip(second->body, kLimit, out_raw).value();
  std::string in_raw;
  inflater.gunzip(after, kLimit, in_raw).value();
  std::vector<double> jobs, inflates, deflates, own_inflates, own_deflates;
  for (auto _ : state) {
    // Each part in a stretch of its own: AVX-512 code slows what follows on some CPUs.
    for (int i = 0; i < 4; ++i)
      inflates.push_back(timed([&] { reference.gunzip(after, in_raw.size(), raw); }));
    for (int i = 0; i < 4; ++i) {
      own_inflates.push_back(timed([&] { inflater.gunzip(after, kLimit, raw).value(); }));
    }
    for (int i = 0; i < 4; ++i) deflates.push_back(timed([&] { reference.gzip(out_raw, packed); }));
    for (int i = 0; i < 4; ++i) own_deflates.push_back(timed([&] { own.gzip(out_raw, packed); }));
    for (int i = 0; i < 4; ++i) {
      jobs.push_back(
          timed([&] { benchmark::DoNotOptimize(engine.step(after, profile_name, first->next, kLimit)); }));
    }
    state.SetIterationTime(jobs.back());
  }
  const double job = typical(jobs), inflate = typical(inflates), own_inflate = typical(own_inflates),
               deflate = typical(deflates), own_deflate = typical(own_deflates);
  state.counters["job_us"] = job * 1e6;
  state.counters["L_us"] = (inflate + deflate) * 1e6;
  state.counters["ratio"] = job / (inflate + deflate);
  state.counters["own"] = job / (own_inflate + own_deflate);
  state.counters["delta_us"] = (job - own_inflate - own_deflate) * 1e6;
  state.counters["state"] = static_cast<double>(state_bytes(*second->next)) / second->next->rows();
  state.counters["rows"] = static_cast<double>(second->summary.samples);
  state.counters["gz_bytes"] = static_cast<double>(second->body.size());
}

void register_all() {
  const auto add = [](const std::string& name, const char* profile_name, std::string before,
                      std::string after) {
    benchmark::RegisterBenchmark(("delta/" + name).c_str(),
                                 [=](benchmark::State& state) { run(state, profile_name, before, after); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond)
        ->MinTime(0.3);
  };
  for (const char* name : {"prom-heap", "prom-allocs", "go100k-heap", "go100k-allocs", "go1m-heap"}) {
    add(name, "memory", testing::captured_gzip(std::string(name) + "-2"),
        testing::captured_gzip(std::string(name) + "-3"));
  }
  for (const char* name : {"prom-mutex", "go100k-mutex", "go1m-mutex"}) {
    add(name, "mutex", testing::captured_gzip(std::string(name) + "-2"),
        testing::captured_gzip(std::string(name) + "-3"));
  }
  for (const char* name : {"prom-block", "go100k-block"}) {
    add(name, "block", testing::captured_gzip(std::string(name) + "-2"),
        testing::captured_gzip(std::string(name) + "-3"));
  }
  // 3,000 stacks of 20 frames, every row out.
  const Profile before =
      testing::random_heap({.stacks = 3000, .locations = 2000, .functions = 1200, .depth = 20}, 1);
  Profile after = before;
  after.time_unix_ns += 15'000'000'000;
  std::mt19937_64 random(2);
  for (Sample& sample : after.samples) {
    const auto objects = static_cast<std::int64_t>(1 + random() % 3000);
    sample.values = {sample.values[0] + objects, sample.values[1] + objects * 64, objects / 2, objects * 32};
  }
  add("synthetic-3000x20", "memory", testing::gzipped(serialize(before)), testing::gzipped(serialize(after)));
}

}  // namespace
}  // namespace invar::pprof

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  invar::pprof::register_all();
  benchmark::RunSpecifiedBenchmarks();
}
