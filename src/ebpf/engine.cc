#include "ebpf/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/proc_file.h"

namespace invar::ebpf {
namespace {

// Stacks of threads that wait are known this long, and this many.
constexpr std::uint64_t kWaitIntervals = 40;
constexpr std::size_t kMaxRecords = 1 << 16;
constexpr std::size_t kNewAtOnce = 32;
// Of /proc/PID/maps of one process and interval, for addresses that were not there when it was read last.
constexpr std::uint64_t kMaxReadAgain = std::uint64_t{4} << 20;

constexpr std::uint64_t key_of(std::uint32_t tgid, std::uint32_t generation) {
  return std::uint64_t{tgid} << 32 | generation;
}

PlacePtr named_place(std::string name, std::string file = {}) {
  auto place = std::make_shared<Place>();
  place->lines.push_back({.name = name, .system_name = std::move(name), .file = std::move(file)});
  return place;
}

// A wait is seen by a program in the kernel, and begins where that was called: by the trace point itself, or by the list of those
// that listen to it when there are others.
void drop_own_frames(std::vector<Frame>& frames) {
  const auto own = [](const Frame& f) {
    if (f.place->lines.empty()) return false;
    const std::string& name = f.place->lines.front().name;
    return name.starts_with("bpf_") || name.starts_with("__traceiter_");
  };
  frames.erase(frames.begin(), std::ranges::find_if_not(frames, own));
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::start(EngineSettings settings, OwnerOf owner_of) {
  INVAR_ASSIGN_OR_RETURN(auto programs, Programs::load(settings.programs));
  return std::unique_ptr<Engine>(new Engine(std::move(settings), std::move(programs), std::move(owner_of)));
}

Engine::Engine(EngineSettings settings, std::unique_ptr<Programs> programs, OwnerOf owner_of)
    : settings_(std::move(settings)),
      programs_(std::move(programs)),
      owner_of_(std::move(owner_of)),
      binaries_(*programs_, settings_.limits),
      store_(settings_.most_mappings),
      kernel_module_(std::make_shared<Module>(Module{.path = "[kernel.kallsyms]"})),
      unknown_(named_place("[unknown]", "[unknown]")),
      of_32bit_(named_place("[32-bit process]")) {}

Engine::~Engine() = default;

bool Engine::poll() {
  programs_->consume([this](std::span<const char> bytes) { on_record(bytes); });
  look_at_new();
  programs_->flush_tables();
  return !new_.empty();
}

// Some at a time, so that a storm of processes does not keep an interval from its end.
void Engine::look_at_new() {
  for (std::size_t looked = 0; looked < kNewAtOnce && !new_.empty() && !given_up_; new_.pop_front()) {
    Process& process = *new_.front();
    process.looked_at = true;
    if (process.ended) continue;
    process.owner = owner_of_(process.pid);
    look_at(process);
    ++looked;
  }
}

void Engine::on_record(std::span<const char> bytes) {
  bpf::event event;
  if (bytes.size() < sizeof event) return;
  std::memcpy(&event, bytes.data(), sizeof event);
  switch (event.type) {
    case bpf::kRecordStack:
      if (bytes.size() >= offsetof(bpf::stack_record, frames))
        on_stack(*reinterpret_cast<const bpf::stack_record*>(bytes.data()), bytes);
      break;
    case bpf::kRecordNew:
      on_new(event.tgid, event.generation);
      break;
    case bpf::kRecordExec:
    case bpf::kRecordExit:
      on_end(event.tgid, event.generation);
      break;
    case bpf::kRecordUnknown:
      on_unknown(event.tgid, event.generation);
      break;
    default:
      break;
  }
}

void Engine::on_stack(const bpf::stack_record& record, std::span<const char> bytes) {
  Record kept{.generation = record.generation,
              .tid = static_cast<int>(record.tid),
              .comm = std::string(record.comm, strnlen(record.comm, sizeof record.comm)),
              .kernel = record.kernel_frames,
              .user = record.user_frames,
              .python = record.python_frames,
              .exact_frame = record.exact_frame,
              .stop = record.stop,
              .interval = interval_};
  const std::size_t frames = std::size_t{kept.kernel} + kept.user + 2 * kept.python;
  if (bytes.size() < offsetof(bpf::stack_record, frames) + frames * sizeof(std::uint64_t)) return;
  kept.frames.assign(record.frames, record.frames + frames);
  if (kept.python > 0) {
    const auto process = processes_.find(key_of(record.tgid, record.generation));
    if (process != processes_.end() && process->second->python && process->second->share.left(interval_))
      kept.python_names = process->second->share.spend([&] {
        return process->second->python->names(std::span(kept.frames).subspan(kept.kernel + kept.user));
      });
  }
  if (record_bytes_ + kept.bytes() > settings_.most_record_bytes) return;  // its samples are counted as lost
  Record& place = records_[RecordKey{record.hash, record.tgid}];
  if (!place.frames.empty()) record_bytes_ -= place.bytes();
  record_bytes_ += kept.bytes();
  place = std::move(kept);
}

void Engine::on_new(std::uint32_t tgid, std::uint32_t generation) {
  auto process = std::make_shared<Process>(static_cast<int>(tgid), generation);
  processes_[key_of(tgid, generation)] = process;
  new_.push_back(std::move(process));
}

// Reads a process that somebody wants, and tells the programs about it.
void Engine::look_at(Process& process) {
  bpf::process entry{};
  const bool current = programs_->get_process(static_cast<std::uint32_t>(process.pid), entry) &&
                       entry.generation == process.generation;
  if (!current) return;
  if (!process.owner) {
    forget_mappings(process);
    process.mappings.clear();
    entry.state = bpf::kProcessIgnored;
    entry.mappings = 0;
    (void)programs_->set_process(static_cast<std::uint32_t>(process.pid), entry);
    return;
  }
  if (!process.read(binaries_, interval_)) return;
  if (process.cut) ++counts_.cut_mappings;
  counts_.postponed += process.waits;
  if (settings_.naming.python && !process.python && process.share.left(interval_))
    process.python = process.share.spend([&] {
      return PythonProcess::find(process.pid, process.mappings, process.python_note, process.python_looks);
    });
  publish(process);
}

// 0: there is no room, so it is not unwound.
std::uint32_t Engine::python_slot(const PythonLayout& layout) {
  const auto known = std::ranges::find(python_slots_, layout.minor);
  if (known != python_slots_.end()) return static_cast<std::uint32_t>(known - python_slots_.begin()) + 1;
  const auto slot = static_cast<std::uint32_t>(python_slots_.size());
  if (slot >= bpf::kMaxPythons || !programs_->set_python(slot, layout.frames)) return 0;
  python_slots_.push_back(layout.minor);
  return slot + 1;
}

void Engine::publish(Process& process) {
  const auto count = static_cast<std::uint32_t>(process.mappings.size());
  const auto first = count > 0 ? store_.take(count) : std::nullopt;
  if (count > 0 && !first) ++counts_.refused_mappings;
  forget_mappings(process);
  bpf::process entry{.state = bpf::kProcessProfiled, .generation = process.generation};
  if (process.python) {
    entry.python = python_slot(process.python->layout());
    entry.python_head = process.python->head();
  }
  if (first) {
    const auto entries = programs_->mappings().subspan(*first, count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const MappedBinary& mapped = process.mappings[i];
      bpf::mapping entry{.start = mapped.line.start, .end = mapped.line.end};
      if (mapped.binary && mapped.binary->table().slot != 0) {
        const Binary::TableFacts& table = mapped.binary->table();
        entry.bias = mapped.bias + table.base;
        entry.table = table.slot;
        entry.page_bits = table.page_bits;
        entry.pages = table.pages;
      }
      entries[i] = entry;
    }
    process.first_mapping = *first;
    process.mappings_taken = count;
    entry.first_mapping = *first;
    entry.mappings = count;
  }
  (void)programs_->set_process(static_cast<std::uint32_t>(process.pid), entry);
}

void Engine::forget_mappings(Process& process) {
  store_.give_back(process.first_mapping, process.mappings_taken);
  process.mappings_taken = 0;
}

void Engine::on_end(std::uint32_t tgid, std::uint32_t generation) {
  const auto found = processes_.find(key_of(tgid, generation));
  if (found == processes_.end()) return;
  found->second->ended = true;
  // An entry that was written after the program had taken it away is of nobody.
  bpf::process entry{};
  if (programs_->get_process(tgid, entry) && entry.generation == generation) programs_->forget_process(tgid);
}

void Engine::on_unknown(std::uint32_t tgid, std::uint32_t generation) {
  const auto found = processes_.find(key_of(tgid, generation));
  if (found == processes_.end() || !found->second->owner || found->second->ended) return;
  // What a process with very many mappings can ask of us is bounded.
  Process& process = *found->second;
  if (process.read_interval != interval_) process.read_bytes = 0;
  process.read_interval = interval_;
  if (process.read_bytes < kMaxReadAgain) look_at(process);
}

void Engine::reassign(OwnerOf owner_of) {
  owner_of_ = std::move(owner_of);
  for (auto& [key, process] : processes_) {
    if (given_up_) return;
    if (process->ended) continue;
    const bool wanted = process->owner != nullptr;
    process->owner = owner_of_(process->pid);
    if (wanted != (process->owner != nullptr)) look_at(*process);
  }
  programs_->flush_tables();
}

bool Engine::can_take(const EngineSettings& settings) const {
  return (settings.programs.off_cpu_threshold > 0) == (settings_.programs.off_cpu_threshold > 0) &&
         settings.naming.python == settings_.naming.python && settings.limits == settings_.limits &&
         settings.most_mappings == settings_.most_mappings &&
         settings.programs.most_processes == settings_.programs.most_processes &&
         settings.programs.most_counts == settings_.programs.most_counts;
}

Result<> Engine::take(const EngineSettings& settings) {
  if (settings.naming != settings_.naming) binaries_.drop_names();
  settings_ = settings;
  return programs_->change(settings.programs);
}

std::vector<Stack> Engine::collect() {
  Programs::Counted counted = programs_->drain();
  poll();
  counted.insert(counted.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  // Where not all find room, the rarest are lost.
  std::ranges::sort(counted, std::ranges::greater{}, [](const auto& entry) { return entry.second.ns; });
  std::vector<Stack> out;
  std::uint64_t bytes = 0;
  for (const auto& [key, count] : counted) {
    if (given_up_) return out;
    const auto record = records_.find({key.hash, key.tgid});
    if (record != records_.end()) record->second.interval = interval_;
    if (count.samples == 0) continue;  // a wait that goes on
    if (record == records_.end()) {
      counts_.refused_records += count.samples;
      continue;
    }
    const auto process = processes_.find(key_of(key.tgid, record->second.generation));
    if (process != processes_.end() && !process->second->looked_at && waiting_.size() < kMaxRecords) {
      waiting_.emplace_back(key, count);
      continue;
    }
    if (process == processes_.end() || (process->second->mappings.empty() && process->second->ended)) {
      counts_.no_process += count.samples;
      if (process == processes_.end()) continue;
    }
    if (!process->second->owner) continue;
    if (bytes >= settings_.most_stack_bytes) {
      counts_.refused_records += count.samples;
      continue;
    }
    Stack stack = resolve(record->second, *process->second);
    bytes += stack.bytes();
    stack.kind = static_cast<bpf::sample_kind>(key.kind);
    if (stack.kind == bpf::kOffCpu) drop_own_frames(stack.frames);
    stack.samples = count.samples;
    stack.ns = count.ns;
    process->second->samples += count.samples;
    if (!stack.frames.empty()) out.push_back(std::move(stack));
  }
  bring_back_tables();
  tidy();
  return out;
}

void Engine::bring_back_tables() {
  bool brought = false;
  for (const auto& [key, process] : processes_)
    for (const MappedBinary& mapped : process->mappings)
      if (mapped.binary && mapped.binary->last_used == interval_ && !process->ended)
        brought |= binaries_.bring_back(*mapped.binary, process->pid, mapped.line);
  if (!brought) return;
  for (const auto& [key, process] : processes_)
    if (process->owner && !process->ended && !process->mappings.empty()) publish(*process);
}

Stack Engine::resolve(const Record& record, Process& process) {
  Stack stack{.owner = process.owner, .pid = process.pid, .tid = record.tid, .comm = record.comm};
  stack.frames.reserve(record.frames.size() + 1);
  for (std::size_t i = 0; i < record.kernel; ++i) stack.frames.push_back(kernel_frame(record.frames[i]));
  if (process.is_32bit) {
    stack.frames.push_back({.place = of_32bit_, .module = nullptr, .address = 0});
    return stack;
  }
  bool cut = record.stop != bpf::kStopComplete;
  std::optional<PythonMerger> python;
  if (process.python && !record.python_names.empty())
    python.emplace(process.python->layout(), record.python_names);
  for (std::size_t i = 0; i < record.user; ++i) {
    const std::uint64_t address = record.frames[record.kernel + i];
    // The leaf, what a signal interrupted, and the trampoline, which is entered at its first byte as if it had called the handler.
    const bool exact =
        i == 0 || (record.exact_frame != 0 && (i == record.exact_frame || i + 1 == record.exact_frame));
    // Taken before its mappings were known: what lies in none of them was no return address.
    if (i > 0 && process.find(address - 1) == nullptr) {
      cut = true;
      break;
    }
    if (python && process.python->in_loop(exact ? address : address - 1)) {
      if (const MappedBinary* mapped = process.find(address); mapped != nullptr && mapped->binary)
        mapped->binary->last_used = interval_;
      python->loop_frame(stack.frames);
      if (!python->finished()) continue;
      cut = record.stop == bpf::kStopTruncated && record.python == bpf::kMaxPythonFrames;
      break;
    }
    Frame frame = user_frame(address, exact, process);
    if (!python || !PythonMerger::only_calls(frame)) stack.frames.push_back(std::move(frame));
  }
  if (python && record.stop == bpf::kStopTruncated && !python->finished()) {
    python->rest(stack.frames);
    cut = record.python == bpf::kMaxPythonFrames;
  }
  if (cut) stack.frames.push_back({.place = unknown_, .module = nullptr, .address = 0});
  return stack;
}

Frame Engine::kernel_frame(std::uint64_t address) {
  if (!kernel_) kernel_ = std::make_unique<KernelSymbols>(read_proc_file("/proc/kallsyms"));
  PlacePtr& place = kernel_places_[address];
  if (!place) {
    if (kernel_places_.size() > Binary::kMaxPlaces) kernel_places_.clear();
    const Symbol symbol = kernel_->find(address);
    auto made =
        named_place(symbol.name.empty() ? fmt::format("[kernel]+{:#x}", address) : std::string(symbol.name));
    kernel_places_[address] = made;
    return {.place = std::move(made), .module = kernel_module_, .address = address};
  }
  return {.place = place, .module = kernel_module_, .address = address};
}

Frame Engine::user_frame(std::uint64_t address, bool exact, Process& process) {
  if (!exact) --address;
  const MappedBinary* mapped = process.find(address);
  if (mapped == nullptr) {
    ++counts_.no_mapping;
    return {.place = unknown_, .module = nullptr, .address = address};
  }
  if (mapped->binary) {
    mapped->binary->last_used = interval_;
    const std::uint64_t inside = address - mapped->bias;
    PlacePtr place = mapped->binary->known_place(inside);
    if (!place && !process.share.left(interval_)) {
      ++counts_.postponed;
      return {.place = nameless_, .module = mapped->module, .address = inside};
    }
    if (!place)
      place = process.share.spend(
          [&] { return mapped->binary->place(inside, settings_.naming, process.pid, mapped->line, lines_); });
    ++(place->lines.empty() ? counts_.unnamed : counts_.named);
    return {.place = std::move(place), .module = mapped->module, .address = inside};
  }
  const std::string_view name = process.jit_name(address, interval_);
  ++(name.empty() ? counts_.unnamed : counts_.named);
  if (name.empty()) return {.place = nameless_, .module = nullptr, .address = address};
  return {.place = named_place(std::string(name)), .module = nullptr, .address = address};
}

void Engine::tidy() {
  lines_.clear();
  store_.settle();
  std::erase_if(processes_, [this](const auto& entry) {
    if (!entry.second->ended || !entry.second->looked_at) return false;
    forget_mappings(*entry.second);
    return true;
  });
  // A record may be counted one interval after it came, and that of a wait when the wait is over.
  const std::uint64_t kept = settings_.programs.off_cpu_threshold > 0 ? kWaitIntervals : 1;
  std::erase_if(records_, [&](const auto& entry) {
    const bool old = entry.second.interval + kept < interval_;
    if (old) record_bytes_ -= entry.second.bytes();
    return old;
  });
  ++interval_;
  binaries_.tidy(interval_);
  // Of those who had more files than their share of the last interval, the next ones.
  for (const auto& [key, process] : processes_)
    if (process->waits > 0 && process->owner && !process->ended) look_at(*process);
  programs_->flush_tables();
  constexpr std::uint64_t kCpuScan = 2;
  if (interval_ % kCpuScan == 0) programs_->attach_new_cpus();
}

EngineStatus Engine::status() const {
  EngineStatus out = counts_;
  out.losses = programs_->losses();
  out.processes = processes_.size();
  out.records = records_.size();
  out.mappings = store_.used();
  out.binaries = binaries_.all().size();
  out.table_bytes = binaries_.table_bytes();
  out.name_bytes = binaries_.name_bytes();
  out.map_bytes = programs_->map_bytes();
  out.refused_tables = binaries_.refused_tables();
  out.evicted_tables = binaries_.evicted_tables();
  out.refused_rules = binaries_.rules().refused();
  out.cost = programs_->cost();
  out.kernel_names = !kernel_ || !kernel_->hidden();
  std::map<const Binary*, std::string> paths;
  for (const auto& [key, process] : processes_) {
    if (process->python) ++out.pythons[fmt::format("3.{}", process->python->layout().minor)];
    if (!process->python && !process->python_note.empty()) ++out.pythons[process->python_note];
  }
  for (const auto& [key, process] : processes_)
    for (const MappedBinary& mapped : process->mappings)
      if (mapped.binary) paths.try_emplace(mapped.binary.get(), mapped.line.path);
  for (const BinaryPtr& binary : binaries_.all()) {
    if (out.shown.size() >= kShown) break;
    const auto path = paths.find(binary.get());
    if (path == paths.end()) continue;
    out.shown.push_back({.path = path->second,
                         .build_id = binary->build_id(),
                         .sources = binary->table().sources,
                         .rows = binary->table().rows,
                         .table_bytes = binary->table().bytes,
                         .symbols = binary->name_bytes()});
  }
  return out;
}

}  // namespace invar::ebpf
