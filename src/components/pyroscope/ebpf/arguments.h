// Arguments of pyroscope.ebpf. Spec: ebpf.md 2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "component/receiver.h"
#include "component/target.h"
#include "ebpf/engine.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_ebpf {

struct DebugInfo {
  bool on_target_symbolization = true;
  bool upload = false;
  std::int64_t cache_size = 262144, queue_size = 256, worker_num = 16;
  bool strip_text_section = false;
  bool operator==(const DebugInfo&) const = default;
};

struct Arguments {
  component::FlattenedTargets targets;
  std::vector<pipeline::ReceiverPtr> forward_to;
  Duration collect_interval = std::chrono::seconds(15);
  std::int64_t sample_rate = 19;
  std::string demangle = "none";
  std::string comm = "none";
  bool pid_label = false;
  bool kernel_frames = true;
  bool python_enabled = true, go_enabled = true;
  bool perl_enabled = true, php_enabled = true, hotspot_enabled = true, ruby_enabled = true,
       v8_enabled = true, dotnet_enabled = true;
  double off_cpu_threshold = 0;
  bool targets_only = true;
  std::optional<std::map<std::string, std::string>> default_target;
  bool lazy_mode = false, verbose_mode = false, no_kernel_version_check = false;
  std::vector<std::string> probe_links;
  std::optional<std::vector<std::string>> u_probe_links;
  bool load_probe = false;
  std::string bpf_fs_root = "/sys/fs/bpf/";
  bool obi_process_context_enabled = true;
  std::string symb_cache_path = "/tmp/symb-cache";
  std::int64_t symb_cache_size = 2048;
  bool reporter_unsymbolized_stubs = false;
  bool symbol_lines = false;
  DebugInfo debug_info;
  std::optional<std::int64_t> pid_cache_size, build_id_cache_size, same_file_cache_size, cache_rounds,
      symbols_map_size, pid_map_size, container_id_cache_size;
  std::optional<bool> go_table_fallback, collect_user_profile, collect_kernel_profile;
  bool operator==(const Arguments&) const = default;

  [[nodiscard]] bool comm_label() const { return comm == "label" || comm == "both"; }
  [[nodiscard]] bool comm_frame() const { return comm == "stackframe" || comm == "both"; }
  [[nodiscard]] ebpf::EngineSettings engine() const;
};
const syntax::Schema& arguments_schema();

// Of settings that mean nothing here, each a sentence.
std::vector<std::string> warnings(const Arguments& arguments);

}  // namespace invar::components::pyroscope_ebpf
