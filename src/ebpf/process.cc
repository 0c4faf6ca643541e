#include "ebpf/process.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/proc_file.h"
#include "base/strings.h"
#include "ebpf/process_files.h"

namespace invar::ebpf {

bool Process::read(Binaries& binaries) {
  const std::string text = read_proc_file(fmt::format("/proc/{}/maps", pid));
  if (text.empty()) return false;
  read_bytes += text.size();
  comm = trim_space(read_proc_file(fmt::format("/proc/{}/comm", pid)));
  is_32bit = ebpf::is_32bit(pid);
  if (is_32bit) return true;
  std::vector<MappedBinary> found;
  for (MapLine& line : parse_maps(text).executable) {
    const auto known = std::ranges::find(mappings, line, &MappedBinary::line);
    if (known != mappings.end()) {
      found.push_back(*known);
      continue;
    }
    MappedBinary mapped{.line = std::move(line), .binary = nullptr, .module = nullptr};
    mapped.binary = binaries.of(pid, mapped.line);
    if (mapped.binary) {
      const auto bias = mapped.binary->load_bias(mapped.line.start, mapped.line.offset);
      if (bias) {
        mapped.bias = *bias;
        mapped.module = mapped.binary->module(mapped.line.path);
      } else {
        mapped.binary = nullptr;
      }
    }
    found.push_back(std::move(mapped));
  }
  mappings = std::move(found);
  return true;
}

const MappedBinary* Process::find(std::uint64_t address) const {
  const auto behind =
      std::ranges::upper_bound(mappings, address, {}, [](const MappedBinary& m) { return m.line.start; });
  if (behind == mappings.begin()) return nullptr;
  const MappedBinary& mapped = *std::prev(behind);
  return address < mapped.line.end ? &mapped : nullptr;
}

std::string_view Process::jit_name(std::uint64_t address, bool may_read) {
  if (perf_map_)
    if (const std::string_view name = perf_map_->find(address); !name.empty()) return name;
  if (!may_read) return {};
  read_perf_map();
  return perf_map_ ? perf_map_->find(address) : std::string_view();
}

void Process::read_perf_map() {
  const int inside = namespace_pid(pid);
  if (inside == 0) return;
  const FileBytes file(open_in_root(pid, fmt::format("/tmp/perf-{}.map", inside), Links::kNone));
  const std::uint64_t size = std::min<std::uint64_t>(file.size(), PerfMap::kMaxBytes);
  if (size <= perf_map_read_) return;
  const std::string text = file.bytes(perf_map_read_, size - perf_map_read_);
  const std::size_t whole = text.rfind('\n');
  if (whole == std::string::npos) return;
  if (!perf_map_) perf_map_ = std::make_unique<PerfMap>();
  perf_map_->add(std::string_view(text).substr(0, whole + 1));
  perf_map_read_ += whole + 1;
}

}  // namespace invar::ebpf
