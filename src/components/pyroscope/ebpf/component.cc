#include "components/pyroscope/ebpf/component.h"

#include <memory>
#include <utility>

#include "components/pyroscope/ebpf/arguments.h"
#include "components/pyroscope/ebpf/profiler.h"
#include "ebpf/engine_hub.h"

namespace invar::components::pyroscope_ebpf {
namespace {

constexpr const char* kDocumentation =
    R"md(Programs need nothing for it: no library, no restart, no debug build. The kernel stops each CPU `sample_rate` times a second and
walks the stack that runs there; Invar turns addresses into names. C, C++, Rust and Go programs are followed through code without frame
pointers by their own unwind tables. [Profiling a host with eBPF](../../guides/ebpf.md) shows complete configurations; `invar ebpf probe`
says what this machine permits.

It needs Linux 5.17 or newer with BTF, the host's PID namespace, and root or the capabilities `BPF` and `PERFMON`; with `SYS_PTRACE`,
`CHECKPOINT_RESTORE`, `SYSLOG` and `DAC_READ_SEARCH` it can also name what other users run. What is missing is named in the component's
health. Nothing stays in the kernel after it stops.

## Targets

A process belongs to the target that has its `__process_pid__`, else to the one that names its container in `__container_id__`,
`__meta_kubernetes_pod_container_id`, `__meta_docker_container_id` or `__meta_dockerswarm_task_container_id`. Other processes are left
alone, or belong to `default_target` with `targets_only = false`. Profiles carry the target's labels that do not start with `__`, and
`service_name`: the target's own, or made of what its discovery knows (`ebpf/<namespace>/<container>` in Kubernetes, the container's name
in Docker).

## Profiles

One profile per target and `collect_interval`: `process_cpu` (nanoseconds on a CPU), and with `off_cpu_threshold` also `offcpu`
(nanoseconds between leaving a CPU and coming back, of that share of the waits). Python programs (CPython 3.8 to 3.13) show their own functions
and lines, Go programs theirs. Node.js, Java and .NET have names when they write a perf map. Ruby, PHP and Perl are not unwound: their
programs show the native frames of the interpreter. A stack that could not be followed to its start has
`[unknown]` as its outermost function.

## Metrics

| Metric | Type | Description |
|---|---|---|
| `pyroscope_ebpf_active_targets` | gauge | Targets that name a process or a container. |
| `pyroscope_ebpf_profiling_sessions_total` | counter | Starts of the engine. |
| `pyroscope_ebpf_profiling_sessions_failing_total` | counter | Starts of the engine that failed. |
| `pyroscope_ebpf_pprofs_total` | counter | Profiles made, by `service_name`. |
| `pyroscope_ebpf_pprof_bytes_total` | counter | Bytes of these profiles, by `service_name`. |
| `pyroscope_ebpf_pprof_samples_total` | counter | Samples in these profiles, by `service_name`. |
| `pyroscope_ebpf_pprofs_dropped_total` | counter | Profiles that no receiver took. |
| `pyroscope_ebpf_samples_total` | counter | Samples by `outcome`: `taken`, `idle`, `no_target`, `no_process`, `lost_buffer`, `lost_map_full`, `lost_processes_full`, `lost_memory`. |
| `pyroscope_ebpf_limits_reached_total` | counter | What found no room, by `limit`: `tables`, `rules`, `mappings`, `mappings_of_process`, `work_of_process` (names that came an interval later). |
| `pyroscope_ebpf_unwind_errors_total` | counter | Stacks not followed to their start, by `reason`: `truncated`, `unknown_root`, `fault`, `no_mapping`, `python`. |
| `pyroscope_ebpf_frames_total` | counter | Frames walked. |
| `pyroscope_ebpf_symbols_total` | counter | Frames by `result`: `found`, `missing`. |
| `pyroscope_ebpf_processes`, `pyroscope_ebpf_binaries` | gauge | What is known. |
| `pyroscope_ebpf_table_bytes`, `pyroscope_ebpf_map_bytes`, `pyroscope_ebpf_name_bytes` | gauge | Memory: unwind tables and maps in the kernel, symbols. |
| `pyroscope_ebpf_bpf_seconds_total` | counter | Time in the BPF program, counted with `kernel.bpf_stats_enabled=1`. |
)md";

constexpr const char* kExample = R"alloy(discovery.process "all" {
  refresh_interval = "60s"
}

discovery.relabel "shop" {
  targets = discovery.process.all.targets

  rule {
    source_labels = ["__meta_process_exe"]
    regex         = "/opt/shop/bin/(.*)"
    target_label  = "service_name"
  }

  rule {
    source_labels = ["__meta_process_exe"]
    regex         = "/opt/shop/bin/.*"
    action        = "keep"
  }
}

pyroscope.ebpf "shop" {
  targets    = discovery.relabel.shop.output
  forward_to = [pyroscope.write.backend.receiver]
  demangle   = "simplified"
}

pyroscope.write "backend" {
  endpoint {
    url = "http://pyroscope:4040"
  }
}
)alloy";

Result<std::unique_ptr<ebpf::Source>> start_engine(const ebpf::EngineSettings& settings,
                                                   ebpf::OwnerOf owner_of) {
  INVAR_ASSIGN_OR_RETURN(auto engine, ebpf::Engine::start(settings, std::move(owner_of)));
  return std::unique_ptr<ebpf::Source>(std::move(engine));
}

class EbpfComponent final : public component::Component {
 public:
  EbpfComponent(component::Options options, std::shared_ptr<ebpf::EngineHub> hub)
      : options_(std::move(options)),
        profiler_(options_,
                  [hub = std::move(hub)](const ebpf::EngineSettings& settings, ebpf::OwnerOf owner_of) {
                    return hub->join(settings, std::move(owner_of));
                  }) {}

  void start() override { profiler_.start(); }
  Result<> update(const component::Boxed& boxed) override {
    profiler_.update(boxed.as<Arguments>());
    return {};
  }
  void stop(async::Task done) override { profiler_.stop(std::move(done)); }
  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const override {
    return profiler_.problems(at_least);
  }
  [[nodiscard]] component::BodyValue debug_info() const override { return profiler_.debug_info(); }

 private:
  const component::Options options_;
  Profiler profiler_;
};

}  // namespace

component::Registration registration() {
  return {.name = "pyroscope.ebpf",
          .summary = "Profiles the programs of this machine by the kernel, without their help.",
          .arguments = &arguments_schema,
          .build = [hub = std::make_shared<ebpf::EngineHub>(&start_engine)](
                       component::Options options,
                       const component::Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
            auto made = std::make_unique<EbpfComponent>(std::move(options), hub);
            INVAR_TRY(made->update(arguments));
            return made;
          },
          .documentation = kDocumentation,
          .example = kExample};
}

}  // namespace invar::components::pyroscope_ebpf
