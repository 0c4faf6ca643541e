#include "components/pyroscope/ebpf/ebpf_metrics.h"

namespace invar::components::pyroscope_ebpf {
namespace {

constexpr const char* kSamples = "pyroscope_ebpf_samples_total";
constexpr const char* kSamplesHelp = "Samples by what became of them.";
constexpr const char* kErrors = "pyroscope_ebpf_unwind_errors_total";
constexpr const char* kErrorsHelp = "Stacks that could not be followed to their start, by reason.";
constexpr const char* kLimits = "pyroscope_ebpf_limits_reached_total";
constexpr const char* kLimitsHelp = "How often something found no room, by the limit.";
constexpr const char* kSymbols = "pyroscope_ebpf_symbols_total";
constexpr const char* kSymbolsHelp = "Frames by whether they have a name.";

}  // namespace

EbpfMetrics::EbpfMetrics(metrics::Scope& scope)
    : active_targets(
          scope.gauge("pyroscope_ebpf_active_targets", "Targets that name a process or a container.")),
      sessions(scope.counter("pyroscope_ebpf_profiling_sessions_total", "Starts of the engine.")),
      sessions_failing(scope.counter("pyroscope_ebpf_profiling_sessions_failing_total",
                                     "Starts of the engine that failed.")),
      dropped(scope.counter("pyroscope_ebpf_pprofs_dropped_total", "Profiles that no receiver took.")),
      scope_(scope),
      processes_(scope.gauge("pyroscope_ebpf_processes", "Processes that were met and still run.")),
      binaries_(scope.gauge("pyroscope_ebpf_binaries", "Executable files that are known.")),
      table_bytes_(scope.gauge("pyroscope_ebpf_table_bytes", "Unwind tables in the kernel.")),
      name_bytes_(scope.gauge("pyroscope_ebpf_name_bytes", "Memory held by symbols.")),
      map_bytes_(scope.gauge("pyroscope_ebpf_map_bytes", "Other BPF maps in the kernel.")),
      bpf_seconds_(scope.counter("pyroscope_ebpf_bpf_seconds_total",
                                 "Time spent in the BPF program; counted with kernel.bpf_stats_enabled=1.")),
      frames_(scope.counter("pyroscope_ebpf_frames_total", "Frames walked.")),
      named_(scope.counter(kSymbols, kSymbolsHelp, {{"result", "found"}})),
      unnamed_(scope.counter(kSymbols, kSymbolsHelp, {{"result", "missing"}})),
      no_process_(scope.counter(kSamples, kSamplesHelp, {{"outcome", "no_process"}})),
      no_mapping_(scope.counter(kErrors, kErrorsHelp, {{"reason", "no_mapping"}})),
      tables_(scope.counter(kLimits, kLimitsHelp, {{"limit", "tables"}})),
      rules_(scope.counter(kLimits, kLimitsHelp, {{"limit", "rules"}})),
      mappings_(scope.counter(kLimits, kLimitsHelp, {{"limit", "mappings"}})),
      mappings_of_process_(scope.counter(kLimits, kLimitsHelp, {{"limit", "mappings_of_process"}})),
      work_(scope.counter(kLimits, kLimitsHelp, {{"limit", "work_of_process"}})),
      lost_records_(scope.counter(kSamples, kSamplesHelp, {{"outcome", "lost_memory"}})) {
  using namespace ebpf::bpf;
  const auto sample = [&](int which, const char* name) {
    losses_[which] = &scope.counter(kSamples, kSamplesHelp, {{"outcome", name}});
  };
  const auto error = [&](int which, const char* name) {
    losses_[which] = &scope.counter(kErrors, kErrorsHelp, {{"reason", name}});
  };
  sample(kCountSamples, "taken");
  sample(kCountIdle, "idle");
  sample(kCountIgnored, "no_target");
  sample(kLossRing, "lost_buffer");
  sample(kLossMapFull, "lost_map_full");
  sample(kLossProcesses, "lost_processes_full");
  error(kCountTruncated, "truncated");
  error(kCountUnknown, "unknown_root");
  error(kCountFault, "fault");
  error(kCountPythonLost, "python");
}

void EbpfMetrics::of_service(const std::string& service, std::size_t bytes, std::uint64_t samples) {
  const std::string name =
      services_.size() >= kMaxServices && !services_.contains(service) ? "other" : service;
  auto at = services_.find(name);
  if (at == services_.end()) {
    const metrics::LabelPairs labels{{"service_name", name}};
    at = services_
             .emplace(name, Service{scope_.counter("pyroscope_ebpf_pprofs_total", "Profiles made.", labels),
                                    scope_.counter("pyroscope_ebpf_pprof_bytes_total",
                                                   "Bytes of these profiles.", labels),
                                    scope_.counter("pyroscope_ebpf_pprof_samples_total",
                                                   "Samples in these profiles.", labels)})
             .first;
  }
  at->second.profiles.add();
  at->second.bytes.add(static_cast<double>(bytes));
  at->second.samples.add(static_cast<double>(samples));
}

void EbpfMetrics::advance(metrics::Counter& counter, std::uint64_t& before, std::uint64_t now) {
  counter.add(static_cast<double>(now >= before ? now - before : now));
  before = now;
}

void EbpfMetrics::update(const ebpf::EngineStatus& status) {
  processes_.set(static_cast<double>(status.processes));
  binaries_.set(static_cast<double>(status.binaries));
  table_bytes_.set(static_cast<double>(status.table_bytes));
  name_bytes_.set(static_cast<double>(status.name_bytes));
  map_bytes_.set(static_cast<double>(status.map_bytes));
  for (std::size_t i = 0; i < losses_.size(); ++i)
    if (losses_[i] != nullptr) advance(*losses_[i], last_.losses[i], status.losses[i]);
  advance(frames_, last_.losses[ebpf::bpf::kCountFrames], status.losses[ebpf::bpf::kCountFrames]);
  advance(named_, last_.named, status.named);
  advance(unnamed_, last_.unnamed, status.unnamed);
  advance(no_process_, last_.no_process, status.no_process);
  advance(no_mapping_, last_.no_mapping, status.no_mapping);
  advance(lost_records_, last_.refused_records, status.refused_records);
  advance(tables_, last_.refused_tables, status.refused_tables);
  advance(rules_, last_.refused_rules, status.refused_rules);
  advance(mappings_, last_.refused_mappings, status.refused_mappings);
  advance(mappings_of_process_, last_.cut_mappings, status.cut_mappings);
  advance(work_, last_.postponed, status.postponed);
  const std::uint64_t ns = status.cost.run_ns;
  bpf_seconds_.add(static_cast<double>(ns >= last_.cost.run_ns ? ns - last_.cost.run_ns : ns) / 1e9);
  last_.cost = status.cost;
}

}  // namespace invar::components::pyroscope_ebpf
