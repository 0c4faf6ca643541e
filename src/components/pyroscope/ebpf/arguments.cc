#include "components/pyroscope/ebpf/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/label_names_rule.h"
#include "components/pyroscope/ebpf/probe_link.h"

namespace invar::components::pyroscope_ebpf {
namespace {

using syntax::DecodeError;
using syntax::SchemaBuilder;

constexpr std::array<std::pair<std::string_view, ebpf::Demangling>, 4> kDemangling = {
    {{"none", ebpf::Demangling::kNone},
     {"simplified", ebpf::Demangling::kSimplified},
     {"templates", ebpf::Demangling::kTemplates},
     {"full", ebpf::Demangling::kFull}}};
constexpr std::array<std::string_view, 4> kComm = {"none", "label", "stackframe", "both"};
constexpr std::int64_t kMostSamples = 1000;

std::optional<DecodeError> mistake(std::string message) {
  return DecodeError{.message = std::move(message)};
}

std::optional<DecodeError> valid_demangle(const Arguments& a) {
  std::array<std::string_view, kDemangling.size()> modes;
  std::ranges::transform(kDemangling, modes.begin(), [](const auto& mode) { return mode.first; });
  return component::check_choice(a.demangle, "invalid demangle mode", modes);
}

std::optional<DecodeError> valid_comm(const Arguments& a) {
  if (a.comm.empty()) return std::nullopt;
  return component::check_choice(a.comm, "invalid comm mode", kComm);
}

std::optional<DecodeError> valid_probes(const Arguments& a) {
  for (const std::string& link : a.probe_links)
    if (const auto parsed = parse_probe_link(link); !parsed) return mistake(parsed.error().message);
  return std::nullopt;
}

std::optional<DecodeError> valid_default(const Arguments& a) {
  if (!a.default_target) return std::nullopt;
  return component::check_label_names(*a.default_target);
}

std::optional<DecodeError> valid_rate(const Arguments& a) {
  if (a.sample_rate >= 1 && a.sample_rate <= kMostSamples) return std::nullopt;
  return mistake(fmt::format("invalid sampling frequency: {}", a.sample_rate));
}

std::optional<DecodeError> valid_interval(const Arguments& a) {
  if (a.collect_interval >= std::chrono::seconds(1)) return std::nullopt;
  return mistake("collect_interval must be at least 1s");
}

std::optional<DecodeError> valid_threshold(const Arguments& a) {
  if (a.off_cpu_threshold >= 0 && a.off_cpu_threshold <= 1) return std::nullopt;
  return mistake(
      "invalid argument for off-cpu-threshold. The value should be in the range [0..1]. 0 disables off-cpu "
      "profiling");
}

const syntax::Schema& debug_info_schema() {
  using D = DebugInfo;
  static const syntax::Schema schema =
      SchemaBuilder<D>()
          .attribute(
              "on_target_symbolization", &D::on_target_symbolization,
              "Names functions here; without, frames of native programs have addresses and build ids alone.")
          .attribute("upload", &D::upload, "Not supported: debug files are never sent anywhere.")
          .attribute("cache_size", &D::cache_size, "Accepted; concerns the upload only.")
          .attribute("strip_text_section", &D::strip_text_section, "Accepted; concerns the upload only.")
          .attribute("queue_size", &D::queue_size, "Accepted; concerns the upload only.")
          .attribute("worker_num", &D::worker_num, "Accepted; concerns the upload only.")
          .build();
  return schema;
}

void add_languages(SchemaBuilder<Arguments>& schema) {
  using A = Arguments;
  schema
      .attribute("python_enabled", &A::python_enabled,
                 "Shows functions of CPython 3.8 to 3.13 instead of those of the interpreter.")
      .attribute("go_enabled", &A::go_enabled, "Names and lines of Go programs by their own tables.");
  const std::pair<const char*, bool A::*> others[] = {
      {"perl_enabled", &A::perl_enabled},       {"php_enabled", &A::php_enabled},
      {"hotspot_enabled", &A::hotspot_enabled}, {"ruby_enabled", &A::ruby_enabled},
      {"v8_enabled", &A::v8_enabled},           {"dotnet_enabled", &A::dotnet_enabled}};
  for (const auto& [name, member] : others)
    schema.attribute(
        name, member,
        "Accepted: frames of this language appear as native ones, with the names of a perf map.");
}

void add_ignored(SchemaBuilder<Arguments>& schema) {
  using A = Arguments;
  const std::pair<const char*, std::optional<std::int64_t> A::*> sizes[] = {
      {"pid_cache_size", &A::pid_cache_size},
      {"build_id_cache_size", &A::build_id_cache_size},
      {"same_file_cache_size", &A::same_file_cache_size},
      {"cache_rounds", &A::cache_rounds},
      {"symbols_map_size", &A::symbols_map_size},
      {"pid_map_size", &A::pid_map_size},
      {"container_id_cache_size", &A::container_id_cache_size}};
  for (const auto& [name, member] : sizes) schema.attribute(name, member, "Deprecated, without effect.");
  schema.attribute("go_table_fallback", &A::go_table_fallback, "Deprecated, without effect.")
      .attribute("collect_user_profile", &A::collect_user_profile, "Deprecated, without effect.")
      .attribute("collect_kernel_profile", &A::collect_kernel_profile,
                 "Deprecated, without effect; see `kernel_frames`.");
}

}  // namespace

ebpf::EngineSettings Arguments::engine() const {
  const auto* mode = std::ranges::find(kDemangling, demangle, [](const auto& m) { return m.first; });
  return {.programs = {.sample_rate = static_cast<int>(sample_rate),
                       .kernel_frames = kernel_frames,
                       .by_comm = comm_label() || comm_frame(),
                       .off_cpu_threshold = off_cpu_threshold,
                       .any_kernel = no_kernel_version_check},
          .naming = {.demangling = mode == kDemangling.end() ? ebpf::Demangling::kNone : mode->second,
                     .native = debug_info.on_target_symbolization,
                     .go = go_enabled,
                     .python = python_enabled,
                     .lines = symbol_lines,
                     .stubs = reporter_unsymbolized_stubs}};
}

const syntax::Schema& arguments_schema() {
  using A = Arguments;
  static const syntax::Schema schema = [] {
    SchemaBuilder<A> builder;
    builder
        .attribute("targets", &A::targets,
                   "Processes and containers to profile, by `__process_pid__` or a container id; a list "
                   "within the list is "
                   "flattened.")
        .attribute("forward_to", &A::forward_to, "Receivers of the profiles.")
        .required()
        .attribute("collect_interval", &A::collect_interval, "How often profiles are sent. At least 1s.")
        .valid(valid_interval)
        .attribute("sample_rate", &A::sample_rate, "Samples per second and CPU, 1 to 1000.")
        .valid(valid_rate)
        .attribute("demangle", &A::demangle,
                   "How C++ and Rust names are shown: `none`, `simplified` (no parameters, no template "
                   "arguments), `templates` "
                   "(no parameters), `full`.")
        .valid(valid_demangle)
        .attribute(
            "comm", &A::comm,
            "Where the thread's name goes: `none`, `label`, `stackframe` (the outermost frame), `both`.")
        .valid(valid_comm)
        .attribute("pid_label", &A::pid_label, "Adds the sample label `pid`.")
        .attribute("kernel_frames", &A::kernel_frames, "Keeps the kernel's part of stacks.")
        .attribute("off_cpu_threshold", &A::off_cpu_threshold,
                   "Share of waits that are recorded as profiles `offcpu`, 0 to 1; 0: none.")
        .valid(valid_threshold)
        .attribute("targets_only", &A::targets_only,
                   "Profiles processes of `targets` alone; `false`: all processes of the host.")
        .attribute("default_target", &A::default_target,
                   "Labels of processes that no target matches, with `targets_only = false`.")
        .default_text("{service_name = \"ebpf/unspecified\"}")
        .valid(valid_default)
        .attribute("lazy_mode", &A::lazy_mode,
                   "Accepted: nothing is loaded while `targets` is empty and `targets_only` is true.")
        .attribute("verbose_mode", &A::verbose_mode, "Logs what the engine does, at level `debug`.")
        .attribute("no_kernel_version_check", &A::no_kernel_version_check,
                   "Runs also on kernels whose version has a defect that may freeze the machine.")
        .attribute("probe_links", &A::probe_links, "Probes to count, such as `uprobe:/bin/x:function`.")
        .valid(valid_probes)
        .attribute("u_probe_links", &A::u_probe_links, "Deprecated: `probe_links` with `uprobe:` in front.")
        .attribute("load_probe", &A::load_probe, "Accepted; nothing is attached to it.")
        .attribute("bpf_fs_root", &A::bpf_fs_root, "Accepted; nothing is pinned there.")
        .attribute("obi_process_context_enabled", &A::obi_process_context_enabled,
                   "Accepted, without effect.")
        .attribute("symb_cache_path", &A::symb_cache_path, "Accepted; nothing is kept on disk.")
        .attribute("symb_cache_size", &A::symb_cache_size, "Accepted; nothing is kept on disk.")
        .attribute("reporter_unsymbolized_stubs", &A::reporter_unsymbolized_stubs,
                   "Names frames that have no name after their file and address.")
        .attribute("symbol_lines", &A::symbol_lines,
                   "Files, lines and inlined functions of native code, of binaries that have debug "
                   "information or a debug file; costs memory and time.");
    add_languages(builder);
    add_ignored(builder);
    builder.block("debug_info", &A::debug_info, debug_info_schema(), "Where names come from.");
    return builder.build();
  }();
  return schema;
}

std::vector<std::string> warnings(const Arguments& a) {
  std::vector<std::string> out;
  std::vector<std::string> dead;
  const auto note = [&dead](bool written, const char* name) {
    if (written) dead.emplace_back(name);
  };
  note(a.pid_cache_size.has_value(), "pid_cache_size");
  note(a.build_id_cache_size.has_value(), "build_id_cache_size");
  note(a.same_file_cache_size.has_value(), "same_file_cache_size");
  note(a.cache_rounds.has_value(), "cache_rounds");
  note(a.go_table_fallback.has_value(), "go_table_fallback");
  note(a.symbols_map_size.has_value(), "symbols_map_size");
  note(a.pid_map_size.has_value(), "pid_map_size");
  note(a.container_id_cache_size.has_value(), "container_id_cache_size");
  note(a.collect_user_profile.has_value(), "collect_user_profile");
  if (!dead.empty()) out.push_back(fmt::format("deprecated and without effect: {}", join(dead, ", ")));
  if (a.collect_kernel_profile) {
    out.emplace_back(*a.collect_kernel_profile ? "collect_kernel_profile is deprecated and without effect"
                                               : "collect_kernel_profile is without effect: write "
                                                 "kernel_frames = false to leave kernel frames out");
  }
  if (a.default_target && a.targets_only)
    out.emplace_back("default_target has no effect while targets_only is true");
  if (a.debug_info.upload) out.emplace_back("debug_info: upload is not supported: nothing is sent");
  if (a.load_probe) out.emplace_back("load_probe: nothing to attach to");
  if (a.u_probe_links)
    out.emplace_back("u_probe_links is deprecated: write probe_links with uprobe: in front of each");
  if (!a.probe_links.empty() || (a.u_probe_links && !a.u_probe_links->empty()))
    out.emplace_back("probe_links: probes are not supported yet: none is attached");
  return out;
}

}  // namespace invar::components::pyroscope_ebpf
