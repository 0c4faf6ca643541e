#include "components/pyroscope/scrape/memory_room.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr Duration kReadAgain = std::chrono::seconds(1);
constexpr std::uint64_t kShortFile = 64 << 10;

std::optional<std::uint64_t> number_in(fs::FileSystem& files, const std::string& path) {
  const auto text = files.read_file(path, kShortFile);
  return text ? parse_uint(trim_space(*text)) : std::nullopt;  // "max" is none
}

// Of the group and all above it. In a container the group may be named as the host sees it, where there is nothing to read.
void lower_to_groups(fs::FileSystem& files, const std::string& mount, std::string group,
                     std::string_view file, std::optional<std::uint64_t>& limit) {
  for (;;) {
    if (const auto found = number_in(files, fmt::format("{}{}/{}", mount, group, file)))
      limit = std::min(limit.value_or(*found), *found);
    if (group.empty()) return;
    group.resize(group.find_last_of('/'));
  }
}

}  // namespace

MemoryReading read_memory_blocking(fs::FileSystem& files) {
  MemoryReading reading;
  if (const auto statm = files.read_file("/proc/self/statm", kShortFile)) {
    const auto fields = split(*statm, ' ');
    const auto pages = fields.size() > 1 ? parse_uint(fields[1]) : std::nullopt;
    reading.used_bytes = pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  const auto groups = files.read_file("/proc/self/cgroup", kShortFile);
  if (!groups) return reading;
  for (const std::string_view line : split(*groups, '\n')) {  // number:controllers:path
    const auto parts = split(line, ':');
    if (parts.size() != 3 || !parts[2].starts_with('/')) continue;
    const std::string group(parts[2] == "/" ? std::string_view() : std::string_view(parts[2]));
    const auto controllers = split(parts[1], ',');
    if (parts[1].empty()) {
      lower_to_groups(files, "/sys/fs/cgroup", group, "memory.max", reading.limit_bytes);
    } else if (std::ranges::find(controllers, "memory") != controllers.end()) {
      lower_to_groups(files, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", reading.limit_bytes);
    }
  }
  return reading;
}

MemoryRoom::MemoryRoom(async::Loop& loop, async::WorkerPool& disk_pool, std::shared_ptr<fs::FileSystem> files,
                       log::Logger logger)
    : loop_(loop), disk_pool_(disk_pool), files_(std::move(files)), logger_(std::move(logger)) {
  read_again();
}

void MemoryRoom::read_again() {
  if (std::exchange(reading_, true)) return;
  disk_pool_.run([files = files_] { return read_memory_blocking(*files); },
                 alive_.bind([this](MemoryReading reading) {
                   reading_ = false;
                   read_at_ = loop_.now();
                   last_ = reading;
                   admitted_bytes_ = 0;
                 }));
}

bool MemoryRoom::admit(std::uint64_t bytes) {
  if (loop_.now() - read_at_ >= kReadAgain) read_again();
  const std::uint64_t used = last_.used_bytes + admitted_bytes_ + bytes;
  const bool room = !last_.limit_bytes || used <= *last_.limit_bytes / 10 * 9;
  if (room) admitted_bytes_ += bytes;
  if (!room && !short_) {
    logger_.warn("memory is short: what is new here is not scraped until there is room",
                 {{"used_bytes", last_.used_bytes}, {"limit_bytes", *last_.limit_bytes}});
  }
  short_ = !room;
  return room;
}

}  // namespace invar::components::pyroscope_scrape
