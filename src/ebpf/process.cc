#include "ebpf/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/proc_file.h"
#include "base/strings.h"
#include "ebpf/process_files.h"

namespace invar::ebpf {

namespace {

// The kernel writes as much of it as is read: a process can make it as long as it likes. `cut`: there was more.
std::string read_maps(int pid, bool& cut) {
  const UniqueFd fd(open(fmt::format("/proc/{}/maps", pid).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char piece[16 << 10];
  ssize_t n = 0;
  while (fd.valid() && text.size() < Process::kMaxMapsText && (n = ::read(fd.get(), piece, sizeof piece)) > 0)
    text.append(piece, static_cast<std::size_t>(n));
  cut = text.size() >= Process::kMaxMapsText;
  if (cut) text.resize(text.rfind('\n') + 1);
  return text;
}

// Of a process whose root is a folder of ours (chroot), the kernel's list has paths as we see them; from here on they are as it does.
std::string root_of(int pid) {
  std::string root(PATH_MAX, '\0');
  const ssize_t size = readlink(fmt::format("/proc/{}/root", pid).c_str(), root.data(), root.size());
  root.resize(size > 1 ? static_cast<std::size_t>(size) : 0);
  return root;
}

}  // namespace

bool Process::read(Binaries& binaries, std::uint64_t interval) {
  const std::string text = read_maps(pid, cut);
  if (text.empty()) return false;
  read_bytes += text.size();
  comm = trim_space(read_proc_file(fmt::format("/proc/{}/comm", pid)));
  is_32bit = ebpf::is_32bit(pid);
  if (is_32bit) return true;
  std::vector<MappedBinary> found;
  Maps maps = parse_maps(text);
  cut = cut || maps.truncated;
  waits = 0;
  const std::string root = root_of(pid);
  for (MapLine& line : maps.executable) {
    if (!root.empty() && line.path.size() > root.size() && line.path.starts_with(root) &&
        line.path[root.size()] == '/')
      line.path.erase(0, root.size());
    const auto known = known_mapping(line);
    if (known != mappings.end() && !known->waits) {
      found.push_back(*known);
      continue;
    }
    MappedBinary mapped{.line = std::move(line), .binary = nullptr, .module = nullptr};
    if (!share.left(interval)) {
      mapped.waits = true;
      ++waits;
      found.push_back(std::move(mapped));
      continue;
    }
    mapped.binary = share.spend([&] { return binaries.of(pid, mapped.line); });
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

// They are sorted, as the kernel's list is.
std::vector<MappedBinary>::const_iterator Process::known_mapping(const MapLine& line) const {
  const auto at =
      std::ranges::lower_bound(mappings, line.start, {}, [](const MappedBinary& m) { return m.line.start; });
  return at != mappings.end() && at->line == line ? at : mappings.end();
}

const MappedBinary* Process::find(std::uint64_t address) const {
  const auto behind =
      std::ranges::upper_bound(mappings, address, {}, [](const MappedBinary& m) { return m.line.start; });
  if (behind == mappings.begin()) return nullptr;
  const MappedBinary& mapped = *std::prev(behind);
  return address < mapped.line.end ? &mapped : nullptr;
}

std::string_view Process::jit_name(std::uint64_t address, std::uint64_t interval) {
  if (perf_map_)
    if (const std::string_view name = perf_map_->find(address); !name.empty()) return name;
  if (ended || perf_map_interval_ == interval || !share.left(interval)) return {};
  perf_map_interval_ = interval;
  share.spend([this] {
    read_perf_map();
    return 0;
  });
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
