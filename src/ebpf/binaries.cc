#include "ebpf/binaries.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "ebpf/process_files.h"

namespace invar::ebpf {
namespace {

constexpr std::size_t kMostVdsoBytes = 64 << 10;

}  // namespace

BinaryPtr Binaries::of(int pid, const MapLine& line) {
  if (line.path == "[vdso]") return of_vdso(pid, line);
  return line.inode != 0 ? of_file(pid, line) : nullptr;
}

BinaryPtr Binaries::of_vdso(int pid, const MapLine& line) {
  if (vdso_) return vdso_;
  if (line.end - line.start > kMostVdsoBytes) return nullptr;
  std::string memory = read_memory(pid, line.start, line.end - line.start);
  if (memory.empty()) return nullptr;
  vdso_ = adopt(std::make_unique<MemoryBytes>(std::move(memory)), pid, line);
  return vdso_;
}

BinaryPtr Binaries::of_file(int pid, const MapLine& line) {
  UniqueFd file = open_mapped(pid, line);
  struct stat facts{};
  if (!file.valid() || fstat(file.get(), &facts) != 0) return nullptr;
  const FileKey key{facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size),
                    facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
  std::weak_ptr<Binary>& known = by_file_[key];
  if (BinaryPtr binary = known.lock()) return binary;
  BinaryPtr made = adopt(std::make_unique<FileBytes>(std::move(file)), pid, line);
  known = made;
  return made;
}

BinaryPtr Binaries::adopt(std::unique_ptr<ByteSource> source, int pid, const MapLine& line) {
  auto opened = Binary::open(std::move(source));
  if (!opened) return nullptr;
  BinaryPtr binary = std::move(*opened);
  if (!binary->build_id().empty()) {
    std::weak_ptr<Binary>& known = by_build_id_[binary->build_id()];
    if (BinaryPtr same = known.lock()) return same;
    known = binary;
  }
  binary->last_used = interval_;
  if (!put_table(*binary, pid, line)) ++refused_;
  all_.push_back(binary);
  close_some();
  return binary;
}

// false: it has one to put, and there is no room.
bool Binaries::put_table(Binary& binary, int pid, const MapLine& line) {
  const UnwindTable table = binary.make_table(rules_, pid, line.path);
  if (table.rows == 0) return true;
  if (!make_room(table.bytes())) return false;
  // The rules first: a table must not name one that is not there.
  const auto& rules = rules_.rules();
  if (!programs_.set_rules(rules_written_, std::span(rules).subspan(rules_written_))) return false;
  rules_written_ = rules.size();
  const std::uint16_t slot = free_slots_.empty() ? next_slot_ : free_slots_.back();
  if (!programs_.set_table(slot, table.words)) return false;
  if (free_slots_.empty())
    ++next_slot_;
  else
    free_slots_.pop_back();
  binary.table().slot = slot;
  table_bytes_ += table.bytes();
  return true;
}

bool Binaries::make_room(std::uint64_t bytes) {
  const auto fits = [&](std::uint64_t taken, std::size_t slots) {
    return slots > 0 && taken + bytes <= limits_.table_bytes;
  };
  std::size_t slots = free_slots_.size() + bpf::kMaxTables - next_slot_;
  if (fits(table_bytes_, slots)) return true;
  std::vector<Binary*> idle;
  for (const BinaryPtr& binary : all_)
    if (binary->table().slot != 0 && binary != vdso_ && binary->last_used + kIdleIntervals < interval_)
      idle.push_back(binary.get());
  std::ranges::stable_sort(idle, {}, [](const Binary* b) { return b->last_used; });
  std::uint64_t taken = table_bytes_;
  std::size_t count = 0;
  for (; count < idle.size() && !fits(taken, slots); ++count, ++slots) taken -= idle[count]->table().bytes;
  if (!fits(taken, slots)) return false;
  for (std::size_t i = 0; i < count; ++i) take_out(*idle[i]);
  evicted_ += count;
  return true;
}

// No mapping names its slot from now on, so that another table may have it.
void Binaries::take_out(Binary& binary) {
  const std::uint16_t slot = std::exchange(binary.table().slot, std::uint16_t{0});
  for (bpf::mapping& mapping : programs_.mappings())
    if (mapping.table == slot) mapping.table = 0;
  programs_.forget_table(slot);
  free_slots_.push_back(slot);
  table_bytes_ -= binary.table().bytes;
}

bool Binaries::bring_back(Binary& binary, int pid, const MapLine& line) {
  if (binary.table().slot != 0 || binary.table().rows == 0 || binary.file(pid, line) == nullptr) return false;
  return put_table(binary, pid, line) && binary.table().slot != 0;
}

// The vdso has no file to be opened again.
void Binaries::close_some() {
  std::vector<BinaryPtr> open;
  for (const BinaryPtr& binary : all_)
    if (binary->is_open() && binary != vdso_) open.push_back(binary);
  if (open.size() <= kMaxOpen) return;
  std::ranges::stable_sort(open, {}, [](const BinaryPtr& b) { return b->last_used; });
  constexpr std::size_t kAtOnce = 32;
  for (std::size_t i = 0; i < kAtOnce; ++i) open[i]->close();
}

std::uint64_t Binaries::name_bytes() const {
  std::uint64_t sum = 0;
  for (const BinaryPtr& binary : all_) sum += binary->name_bytes();
  return sum;
}

void Binaries::drop_names() {
  for (const BinaryPtr& binary : all_) binary->drop_names();
}

void Binaries::tidy(std::uint64_t interval) {
  interval_ = interval;
  constexpr std::uint64_t kKeptIntervals = 20;  // a program that is started again soon finds its table
  std::erase_if(all_, [&](const BinaryPtr& binary) {
    const bool used = binary.use_count() > 1 || interval - binary->last_used < kKeptIntervals;
    if (used) return false;
    if (binary->table().slot != 0) take_out(*binary);
    return true;
  });
  std::erase_if(by_file_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(by_build_id_, [](const auto& entry) { return entry.second.expired(); });

  std::uint64_t names = name_bytes();
  if (names <= limits_.name_bytes) return;
  std::vector<BinaryPtr> oldest = all_;
  std::ranges::sort(oldest, {}, [](const BinaryPtr& b) { return b->last_used; });
  for (const BinaryPtr& binary : oldest) {
    if (names <= limits_.name_bytes) break;
    names -= binary->name_bytes();
    binary->drop_names();
  }
}

}  // namespace invar::ebpf
