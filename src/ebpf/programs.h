// Programs: the BPF programs and maps in the kernel, as user space deals with them (libbpf stays behind this).
// Life:    load() -> attach -> destroyed, which takes every program, map and perf event out of the kernel: nothing is pinned.
// Errors:  load() says which privilege or feature is missing, or gives the verifier's words in verifier_log().
// Threads: one at a time; every call may block: worker pool only. wake_fd() may be watched from the loop.
// Source:  docs/behaviour/ebpf.md 6, 7.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ebpf/bpf/layout.h"

namespace invar::ebpf {

// What this build carries; empty when clang was not there to make it.
std::string_view embedded_programs();

struct ProgramSettings {
  int sample_rate = 19;  // per CPU and second
  bool kernel_frames = true;
  bool by_comm = false;
  double off_cpu_threshold = 0;
  bool any_kernel = false;  // also one that may freeze the machine
  std::uint32_t only_pid = 0;
  std::uint32_t most_processes = bpf::kMaxProcesses, most_counts = bpf::kMaxCounts;  // room in the maps
  bool operator==(const ProgramSettings&) const = default;
};

class Programs {
 public:
  using Counted = std::vector<std::pair<bpf::count_key, bpf::count>>;
  using Losses = std::array<std::uint64_t, bpf::kLosses>;

  static Result<std::unique_ptr<Programs>> load(const ProgramSettings& settings);
  ~Programs();

  // Without a restart: everything but whether off-CPU is on at all.
  Result<> change(const ProgramSettings& settings);
  // Attaches to CPUs that came; rare.
  void attach_new_cpus();

  [[nodiscard]] int wake_fd() const;
  // Every record that waits, in order.
  void consume(const std::function<void(std::span<const char>)>& take);
  // Switches to the other map of counts and empties the one that was written.
  Counted drain();

  Result<> set_process(std::uint32_t tgid, const bpf::process& process);
  // The entry only if it is there.
  bool get_process(std::uint32_t tgid, bpf::process& out) const;
  void forget_process(std::uint32_t tgid);
  [[nodiscard]] std::span<bpf::mapping> mappings() const;
  Result<> set_rules(std::size_t first, std::span<const bpf::rule> rules);
  Result<> set_python(std::uint32_t slot, const bpf::python& python);
  // Tables come and go with flush_tables(), all at once: the kernel waits for every running program when one is put into place, which
  // takes long on a busy machine. Until then their slots are empty, or what they were.
  Result<> set_table(std::uint32_t slot, std::span<const std::uint32_t> words);
  void forget_table(std::uint32_t slot);
  void flush_tables();

  [[nodiscard]] Losses losses() const;
  [[nodiscard]] std::uint64_t map_bytes() const;  // without tables
  // Time spent in the programs, and how often; zeros while the kernel does not count it (kernel.bpf_stats_enabled).
  struct Cost {
    std::uint64_t run_ns = 0, runs = 0;
  };
  [[nodiscard]] Cost cost() const;

 private:
  Programs();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::ebpf
