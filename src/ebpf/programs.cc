#include "ebpf/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>

#include "base/proc_file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "ebpf/cpu_list.h"
#include "ebpf/kernel_check.h"
#include "ebpf/privileges.h"

namespace invar::ebpf {
namespace {

struct CloseObject {
  void operator()(bpf_object* o) const { bpf_object__close(o); }
};
struct DestroyLink {
  void operator()(bpf_link* l) const { bpf_link__destroy(l); }
};
struct FreeRing {
  void operator()(ring_buffer* r) const { ring_buffer__free(r); }
};

constexpr std::size_t kMostWaitingTables = 128;
constexpr std::size_t kLogBytes = 64 << 10;

int quiet(libbpf_print_level, const char*, va_list) {
  return 0;
}

std::uint64_t memory_of(int fd) {
  const std::string text = read_proc_file(fmt::format("/proc/self/fdinfo/{}", fd));
  constexpr std::string_view kName = "memlock:\t";
  const std::size_t at = text.find(kName);
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(text).substr(at + kName.size());
  return parse_uint(rest.substr(0, rest.find('\n'))).value_or(0);
}

int open_clock(int cpu, int rate) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_CPU_CLOCK;
  // A period, not a frequency: every sample then stands for the same time.
  attr.sample_period = static_cast<std::uint64_t>(1'000'000'000 / rate);
  return static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

std::string last_lines(const std::string& log, std::size_t count) {
  const std::string_view text = trim_space(std::string_view(log.c_str()));
  std::size_t at = text.size();
  for (std::size_t i = 0; i < count && at != std::string_view::npos && at > 0; ++i)
    at = text.rfind('\n', at - 1);
  return std::string(at == std::string_view::npos || at == 0 ? text : text.substr(at + 1));
}

}  // namespace

struct Programs::Impl {
  // Taken down in the reverse order: the events before the programs before the maps.
  std::unique_ptr<bpf_object, CloseObject> object;
  std::map<std::string, int, std::less<>> maps;
  std::unique_ptr<ring_buffer, FreeRing> ring;
  std::vector<std::pair<std::uint32_t, UniqueFd>> waiting_tables;
  std::vector<std::unique_ptr<bpf_link, DestroyLink>> links;
  std::map<int, std::unique_ptr<bpf_link, DestroyLink>> cpus;
  bpf::mapping* mappings = nullptr;
  std::span<bpf::cached_rule> cached_rules;
  std::uint32_t highest_slot = 0;
  ProgramSettings settings;
  std::uint32_t active = 0;
  std::function<void(std::span<const char>)> take;

  ~Impl() {
    if (mappings != nullptr) munmap(mappings, mapping_bytes());
    if (!cached_rules.empty()) munmap(cached_rules.data(), cached_rules.size_bytes());
  }
  static std::uint32_t most_cached_rules() {
    return static_cast<std::uint32_t>(bpf::kCachedRules * std::max(libbpf_num_possible_cpus(), 1));
  }
  static std::size_t mapping_bytes() { return sizeof(bpf::mapping) * bpf::kMaxMappings; }
  [[nodiscard]] int map(std::string_view name) const { return maps.find(name)->second; }
  [[nodiscard]] bpf_program* program(const char* name) const {
    return bpf_object__find_program_by_name(object.get(), name);
  }

  static Result<UniqueFd> make_table(std::size_t entries) {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
    UniqueFd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", sizeof(std::uint32_t), sizeof(std::uint64_t),
                                static_cast<std::uint32_t>(entries), &options));
    if (!map.valid()) return std::unexpected(errno_error("cannot make a BPF map for an unwind table", errno));
    return map;
  }

  static int on_record(void* self, void* data, std::size_t size) {
    static_cast<Impl*>(self)->take({static_cast<const char*>(data), size});
    return 0;
  }

  Result<> open(std::string_view bytes) {
    // The limit on locked memory is of no concern since 5.11, and raising it needs a privilege that we do without.
    libbpf_set_strict_mode(
        static_cast<libbpf_strict_mode>(LIBBPF_STRICT_ALL & ~LIBBPF_STRICT_AUTO_RLIMIT_MEMLOCK));
    libbpf_set_print(quiet);
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "invar");
    object.reset(bpf_object__open_mem(bytes.data(), bytes.size(), &options));
    if (!object) return std::unexpected(errno_error("cannot read the BPF programs of this build", errno));
    const bool waits = settings.off_cpu_threshold > 0;
    if (auto* on_switch = program("on_switch")) bpf_program__set_autoload(on_switch, waits);
    if (auto* map = bpf_object__find_map_by_name(object.get(), "waits"); map != nullptr && !waits)
      bpf_map__set_max_entries(map, 1);
    set_room("procs", settings.most_processes);
    set_room("counts_a", settings.most_counts);
    set_room("counts_b", settings.most_counts);
    set_room("rule_cache", most_cached_rules());
    return {};
  }

  void set_room(const char* name, std::uint32_t entries) const {
    if (auto* map = bpf_object__find_map_by_name(object.get(), name)) bpf_map__set_max_entries(map, entries);
  }

  Result<> load() {
    std::string log(kLogBytes, '\0');
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get())
        bpf_program__set_log_buf(program, log.data(), log.size());
    if (const int status = bpf_object__load(object.get()); status != 0) {
      if (status == -EPERM || status == -EACCES) {
        if (const std::string missing = missing_capabilities(); !missing.empty())
          return fail(ErrorCode::kPermissionDenied, missing);
        if (log[0] == '\0')
          return fail(ErrorCode::kPermissionDenied,
                      "the kernel refuses BPF programs (lockdown, or a security module)");
      }
      if (log[0] != '\0')
        return fail(ErrorCode::kUnsupported,
                    "the kernel's verifier refused the programs: " + last_lines(log, 6));
      if (status == -ESRCH)
        return fail(ErrorCode::kUnsupported,
                    "the kernel has no tracepoints for BPF programs: it was built without CONFIG_BPF_EVENTS");
      return std::unexpected(errno_error("cannot load the BPF programs", -status));
    }
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get()) maps.emplace(bpf_map__name(map), bpf_map__fd(map));
    return {};
  }

  Result<> prepare() {
    ring.reset(ring_buffer__new(map("ring"), &Impl::on_record, this, nullptr));
    if (!ring) return std::unexpected(errno_error("cannot map the ring of the BPF programs", errno));
    void* memory = mmap(nullptr, mapping_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, map("mappings"), 0);
    if (memory == MAP_FAILED)
      return std::unexpected(errno_error("cannot map the memory of the BPF programs", errno));
    mappings = static_cast<bpf::mapping*>(memory);
    const std::size_t cached = most_cached_rules();
    memory = mmap(nullptr, cached * sizeof(bpf::cached_rule), PROT_READ | PROT_WRITE, MAP_SHARED,
                  map("rule_cache"), 0);
    if (memory == MAP_FAILED)
      return std::unexpected(errno_error("cannot map the memory of the BPF programs", errno));
    cached_rules = {static_cast<bpf::cached_rule*>(memory), cached};
    return write_control();
  }

  Result<> write_control() {
    const double chance = std::min(settings.off_cpu_threshold, 1.0) * 4294967295.0;
    bpf::control control{.active = active,
                         .kernel_frames = settings.kernel_frames,
                         .by_comm = settings.by_comm,
                         .off_cpu_chance = static_cast<std::uint32_t>(std::llround(chance)),
                         .period_ns = static_cast<std::uint64_t>(1'000'000'000 / settings.sample_rate),
                         .only_pid = settings.only_pid};
    return update("settings", 0, &control);
  }

  Result<> update(std::string_view name, std::uint32_t key, const void* value) const {
    if (bpf_map_update_elem(map(name), &key, value, BPF_ANY) != 0)
      return std::unexpected(errno_error(fmt::format("cannot write the BPF map \"{}\"", name), errno));
    return {};
  }

  Result<> attach_lives() {
    std::vector<const char*> names{"on_exec", "on_exit"};
    if (settings.off_cpu_threshold > 0) names.push_back("on_switch");
    for (const char* name : names) {
      links.emplace_back(bpf_program__attach(program(name)));
      if (!links.back())
        return std::unexpected(
            errno_error(fmt::format("cannot attach the BPF program \"{}\" to its tracepoint", name), errno));
    }
    return {};
  }

  Result<> attach_clocks() {
    const std::vector<int> online = parse_cpu_list(read_proc_file("/sys/devices/system/cpu/online"));
    std::erase_if(cpus,
                  [&](const auto& entry) { return std::ranges::find(online, entry.first) == online.end(); });
    for (const int cpu : online) {
      if (cpus.contains(cpu)) continue;
      UniqueFd clock(open_clock(cpu, settings.sample_rate));
      if (!clock.valid()) {
        if (errno == ENODEV || errno == ENXIO) continue;  // it went off in the meantime
        return std::unexpected(errno_error(fmt::format("cannot open the clock of CPU {}", cpu), errno));
      }
      bpf_link* link = bpf_program__attach_perf_event(program("sample"), clock.get());
      if (link == nullptr)
        return std::unexpected(errno_error(fmt::format("cannot attach to the clock of CPU {}", cpu), errno));
      (void)clock.release();  // the link's from now on
      cpus.emplace(cpu, link);
    }
    if (cpus.empty()) return fail(ErrorCode::kUnavailable, "no CPU has a clock to sample by");
    return {};
  }
};

Programs::Programs() : impl_(std::make_unique<Impl>()) {}
Programs::~Programs() = default;

Result<std::unique_ptr<Programs>> Programs::load(const ProgramSettings& settings) {
  if (embedded_programs().empty())
    return fail(ErrorCode::kUnsupported,
                "this build of Invar has no BPF programs: clang was missing when it was made");
  if (std::string missing = missing_capabilities(); !missing.empty())
    return fail(ErrorCode::kPermissionDenied, std::move(missing));
  if (std::string lack = kernel_lack(running_kernel()); !lack.empty())
    return fail(ErrorCode::kUnsupported, std::move(lack));
  if (!settings.any_kernel)
    if (std::string hazard = running_kernel_hazard(); !hazard.empty())
      return fail(ErrorCode::kUnsupported, std::move(hazard));
  auto programs = std::unique_ptr<Programs>(new Programs);
  Impl& impl = *programs->impl_;
  impl.settings = settings;
  INVAR_TRY(impl.open(embedded_programs()));
  INVAR_TRY(impl.load());
  INVAR_TRY(impl.prepare());
  INVAR_TRY(impl.attach_lives());
  INVAR_TRY(impl.attach_clocks());
  return programs;
}

Result<> Programs::change(const ProgramSettings& settings) {
  const bool other_rate = settings.sample_rate != impl_->settings.sample_rate;
  impl_->settings = settings;
  if (other_rate) impl_->cpus.clear();
  INVAR_TRY(impl_->write_control());
  return impl_->attach_clocks();
}

void Programs::attach_new_cpus() {
  (void)impl_->attach_clocks();
}

int Programs::wake_fd() const {
  return ring_buffer__epoll_fd(impl_->ring.get());
}

void Programs::consume(const std::function<void(std::span<const char>)>& take) {
  impl_->take = take;
  (void)ring_buffer__consume(impl_->ring.get());
  impl_->take = nullptr;
}

Programs::Counted Programs::drain() {
  const int full = impl_->map(impl_->active == 0 ? "counts_a" : "counts_b");
  impl_->active ^= 1;
  (void)impl_->write_control();
  Counted out;
  constexpr std::uint32_t kBatch = 1024;
  std::vector<bpf::count_key> keys(kBatch);
  std::vector<bpf::count> counts(kBatch);
  // A batch goes bucket by bucket; its place is opaque.
  std::uint32_t place = 0;
  for (bool first = true;; first = false) {
    std::uint32_t next = 0, count = kBatch;
    const int status = bpf_map_lookup_and_delete_batch(full, first ? nullptr : &place, &next, keys.data(),
                                                       counts.data(), &count, nullptr);
    const int error = status == 0 ? 0 : errno;
    if (error != 0 && error != ENOENT) break;
    for (std::uint32_t i = 0; i < count; ++i) out.emplace_back(keys[i], counts[i]);
    if (error == ENOENT) break;
    place = next;
  }
  return out;
}

Result<> Programs::set_process(std::uint32_t tgid, const bpf::process& process) {
  return impl_->update("procs", tgid, &process);
}

bool Programs::get_process(std::uint32_t tgid, bpf::process& out) const {
  return bpf_map_lookup_elem(impl_->map("procs"), &tgid, &out) == 0;
}

void Programs::forget_process(std::uint32_t tgid) {
  (void)bpf_map_delete_elem(impl_->map("procs"), &tgid);
}

std::span<bpf::mapping> Programs::mappings() const {
  return {impl_->mappings, bpf::kMaxMappings};
}

Result<> Programs::set_rules(std::size_t first, std::span<const bpf::rule> rules) {
  for (std::size_t i = 0; i < rules.size(); ++i)
    INVAR_TRY(impl_->update("rules", static_cast<std::uint32_t>(first + i), &rules[i]));
  return {};
}

Result<> Programs::set_python(std::uint32_t slot, const bpf::python& python) {
  return impl_->update("pythons", slot, &python);
}

Result<> Programs::set_table(std::uint32_t slot, std::span<const std::uint32_t> words) {
  INVAR_ASSIGN_OR_RETURN(UniqueFd map, Impl::make_table((words.size() + 1) / 2));
  const std::size_t bytes = (words.size() + 1) / 2 * sizeof(std::uint64_t);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map.get(), 0);
  if (memory == MAP_FAILED) return std::unexpected(errno_error("cannot map an unwind table", errno));
  std::memcpy(memory, words.data(), words.size_bytes());
  munmap(memory, bytes);
  impl_->waiting_tables.emplace_back(slot, std::move(map));
  if (impl_->waiting_tables.size() >= kMostWaitingTables) flush_tables();
  return {};
}

// Nothing but another table takes one out of the kernel without waiting for each.
void Programs::forget_table(std::uint32_t slot) {
  if (auto empty = Impl::make_table(1)) impl_->waiting_tables.emplace_back(slot, std::move(*empty));
}

void Programs::flush_tables() {
  std::vector<std::uint32_t> slots;
  std::vector<int> maps;
  for (const auto& [slot, map] : impl_->waiting_tables) {
    slots.push_back(slot);
    maps.push_back(map.get());
  }
  auto count = static_cast<std::uint32_t>(slots.size());
  if (count == 0) return;
  if (bpf_map_update_batch(impl_->map("tables"), slots.data(), maps.data(), &count, nullptr) != 0)
    for (std::size_t i = 0; i < slots.size(); ++i) (void)impl_->update("tables", slots[i], &maps[i]);
  impl_->waiting_tables.clear();
  // No program that still sees the former tables runs by now.
  if (*std::ranges::min_element(slots) <= impl_->highest_slot)
    for (bpf::cached_rule& cached : impl_->cached_rules)
      std::atomic_ref(cached.key).store(0, std::memory_order_relaxed);
  impl_->highest_slot = std::max(impl_->highest_slot, *std::ranges::max_element(slots));
}

Programs::Losses Programs::losses() const {
  Losses out{};
  const int cpus = libbpf_num_possible_cpus();
  std::vector<bpf::losses> of_cpus(cpus > 0 ? static_cast<std::size_t>(cpus) : 1);
  const std::uint32_t only = 0;
  if (bpf_map_lookup_elem(impl_->map("losses"), &only, of_cpus.data()) != 0) return out;
  for (const bpf::losses& of_cpu : of_cpus)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += of_cpu.of[i];
  return out;
}

std::uint64_t Programs::map_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, fd] : impl_->maps) sum += memory_of(fd);
  return sum;
}

Programs::Cost Programs::cost() const {
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(impl_->program("sample")), &info, &size) != 0) return {};
  return {.run_ns = info.run_time_ns, .runs = info.run_cnt};
}

}  // namespace invar::ebpf
