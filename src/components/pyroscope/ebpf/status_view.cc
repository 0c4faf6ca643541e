#include "components/pyroscope/ebpf/status_view.h"

#include <fmt/format.h>

namespace invar::components::pyroscope_ebpf {
namespace {

using component::BodyValue;

struct Figure {
  const char* name;
  int index;
};
constexpr Figure kFigures[] = {{"taken", ebpf::bpf::kCountSamples},
                               {"idle", ebpf::bpf::kCountIdle},
                               {"no_target", ebpf::bpf::kCountIgnored},
                               {"truncated", ebpf::bpf::kCountTruncated},
                               {"unknown_root", ebpf::bpf::kCountUnknown},
                               {"fault", ebpf::bpf::kCountFault},
                               {"lost_buffer", ebpf::bpf::kLossRing},
                               {"lost_map_full", ebpf::bpf::kLossMapFull},
                               {"lost_processes_full", ebpf::bpf::kLossProcesses}};

struct Language {
  const char* name;
  bool Arguments::* enabled;
  const char* state;
};
constexpr Language kLanguages[] = {
    {"go", &Arguments::go_enabled, "functions and lines"},
    {"python", &Arguments::python_enabled, "CPython 3.8 to 3.13: functions and lines"},
    {"ruby", &Arguments::ruby_enabled, "not unwound: native frames of the interpreter"},
    {"php", &Arguments::php_enabled, "not unwound: native frames of the interpreter"},
    {"perl", &Arguments::perl_enabled, "not unwound: native frames of the interpreter"},
    {"v8", &Arguments::v8_enabled, "by frame pointers; names with node --perf-basic-prof"},
    {"hotspot", &Arguments::hotspot_enabled,
     "by frame pointers; names with -XX:+PreserveFramePointer and a perf map; or pyroscope.java"},
    {"dotnet", &Arguments::dotnet_enabled, "by frame pointers; names with DOTNET_PerfMapEnabled=1"}};

}  // namespace

BodyValue status_body(const Arguments& arguments, bool running, const ebpf::EngineStatus& status) {
  BodyValue body;
  body.attribute("state", running ? "profiling" : "not profiling");
  for (const Language& language : kLanguages) {
    BodyValue row;
    row.attribute("state", arguments.*language.enabled ? language.state : "switched off: native frames");
    body.block("language", language.name, std::move(row));
  }
  if (!running) return body;
  BodyValue samples;
  for (const Figure& figure : kFigures) samples.attribute(figure.name, status.losses[figure.index]);
  samples.attribute("no_process", status.no_process).attribute("lost_memory", status.refused_records);
  body.block("samples", "", std::move(samples));
  BodyValue memory;
  memory.attribute("map_bytes", status.map_bytes)
      .attribute("table_bytes", status.table_bytes)
      .attribute("name_bytes", status.name_bytes)
      .attribute("tables_refused", status.refused_tables)
      .attribute("tables_evicted", status.evicted_tables)
      .attribute("rules_refused", status.refused_rules)
      .attribute("mappings_refused", status.refused_mappings)
      .attribute("mappings_cut", status.cut_mappings)
      .attribute("names_postponed", status.postponed);
  body.block("memory", "", std::move(memory));
  for (const auto& [version, processes] : status.pythons) {
    BodyValue row;
    row.attribute("processes", processes);
    body.block("python", version, std::move(row));
  }
  body.attribute("processes", std::uint64_t{status.processes})
      .attribute("binaries", std::uint64_t{status.binaries});
  for (const auto& binary : status.shown) {
    BodyValue row;
    row.attribute("path", binary.path)
        .attribute("build_id", binary.build_id)
        .attribute("unwound_by", binary.sources.empty() ? "frame pointers" : binary.sources)
        .attribute("rows", binary.rows)
        .attribute("table_bytes", binary.table_bytes)
        .attribute("name_bytes", binary.symbols);
    body.block("binary", "", std::move(row));
  }
  return body;
}

std::vector<std::string> shortcomings(const ebpf::EngineStatus& status) {
  std::vector<std::string> out;
  const auto lost =
      status.losses[ebpf::bpf::kLossRing] + status.losses[ebpf::bpf::kLossMapFull] + status.refused_records;
  if (lost > 0)
    out.push_back(
        fmt::format("{} samples were lost since the start: more distinct stacks than there is room for; "
                    "a shorter collect_interval or a lower sample_rate helps",
                    lost));
  if (status.losses[ebpf::bpf::kLossProcesses] > 0)
    out.emplace_back("more processes run than can be told apart: samples of some are lost");
  if (status.refused_tables > 0)
    out.push_back(
        fmt::format("{} binaries are unwound by frame pointers alone: the room for unwind tables is used up",
                    status.refused_tables));
  if (status.refused_mappings > 0)
    out.emplace_back(
        "some processes are walked by frame pointers alone: the room for the mappings of processes is used "
        "up");
  if (!status.kernel_names)
    out.emplace_back(
        "functions of the kernel have no names: kernel.kptr_restrict hides them (capability SYSLOG)");
  return out;
}

}  // namespace invar::components::pyroscope_ebpf
