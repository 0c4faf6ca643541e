// Conversions: recordings become profiles on the worker pool, few at a time, since each may be large.
// Threads: loop thread.   Lifetime: `done` does not run after this object's end.   Source: pyroscope-java.md 6, 8.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "async/worker_pool.h"
#include "base/bytes.h"
#include "base/error.h"
#include "jfr/to_pprof.h"

namespace invar::components::pyroscope_java {

struct ReadyProfile {
  std::string name;  // `__name__`
  SharedBytes body;  // gzip
  std::uint64_t samples = 0;
};

struct Converted {
  std::vector<ReadyProfile> profiles;  // those with a sample
  std::string event;
  UnixNanos start_unix_ns = 0;
  std::int64_t duration_ns = 0;
  std::array<std::uint64_t, jfr::kEventKinds> events{};
  jfr::Report report;
};

// Pure; for the pool.
Result<Converted> convert(std::string_view recording, const jfr::ConvertOptions& options);

class Conversions {
 public:
  using Done = std::move_only_function<void(Result<Converted>)>;

  explicit Conversions(async::WorkerPool& pool) : pool_(pool) {}
  void add(std::string recording, jfr::ConvertOptions options, Done done);

 private:
  struct Job {
    std::string recording;
    jfr::ConvertOptions options;
    Done done;
  };
  void run_next();

  async::WorkerPool& pool_;
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_java
