// Engine: samples of every CPU, aggregated in the kernel, as stacks with names. It knows processes, not components: who wants which
// process is asked of `owner_of`.
// Life:    start() -> poll() whenever wake_fd() is readable, collect() at the end of each interval -> destroyed; nothing stays in the
//          kernel. A change of settings that needs other programs is another engine.
// Bounds:  everything: processes, mappings, binaries, tables, names; what does not fit is counted (losses()).
// Threads: one call at a time, on worker threads; every call may block. give_up(): any thread, at any time.
// Source:  docs/behaviour/ebpf.md 7.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "ebpf/binaries.h"
#include "ebpf/kernel_symbols.h"
#include "ebpf/line_tables.h"
#include "ebpf/mapping_store.h"
#include "ebpf/place.h"
#include "ebpf/process.h"
#include "ebpf/programs.h"

namespace invar::ebpf {

struct EngineSettings {
  ProgramSettings programs;
  Naming naming;
  Binaries::Limits limits;
  std::uint32_t most_mappings = bpf::kMaxMappings;            // of all processes, in the kernel
  std::uint64_t most_record_bytes = std::uint64_t{64} << 20;  // of stacks that wait for their names
  std::uint64_t most_stack_bytes = std::uint64_t{64} << 20;   // of those of an interval that have them
  bool operator==(const EngineSettings&) const = default;
};

// Null: nobody wants it. Called on a worker thread.
using OwnerOf = std::function<OwnerPtr(int pid)>;

struct Stack {
  OwnerPtr owner;
  int pid = 0, tid = 0;  // of a thread that had it
  std::string comm;      // its name
  bpf::sample_kind kind = bpf::kOnCpu;
  std::uint64_t samples = 0, ns = 0;
  std::vector<Frame> frames;  // leaf first
  [[nodiscard]] std::uint64_t bytes() const { return sizeof *this + frames.capacity() * sizeof(Frame); }
};

struct EngineStatus {
  struct OneBinary {
    std::string path, build_id, sources;
    std::uint64_t rows = 0, table_bytes = 0, symbols = 0;
  };
  Programs::Losses losses{};
  std::uint64_t no_mapping = 0;          // frames in no known file
  std::uint64_t no_process = 0;          // stacks of processes that ended before they could be looked at
  std::uint64_t named = 0, unnamed = 0;  // frames
  std::size_t processes = 0, binaries = 0, records = 0;
  std::uint64_t mappings = 0;                    // of all processes, in the kernel
  std::map<std::string, std::uint64_t> pythons;  // processes by version, and what is not unwound
  std::uint64_t table_bytes = 0, name_bytes = 0, map_bytes = 0;
  std::uint64_t refused_tables = 0, evicted_tables = 0, refused_rules = 0;
  std::uint64_t refused_mappings = 0;  // processes whose mappings found no room: walked by frame pointers
  std::uint64_t cut_mappings = 0;      // lists of mappings that were longer than is read of them
  std::uint64_t refused_records = 0;   // samples whose stacks found no room
  std::uint64_t postponed =
      0;  // files and names that waited for the next interval: their process had its share
  Programs::Cost cost;
  std::vector<OneBinary> shown;  // the latest, kShown at most
  bool kernel_names = true;
};

// What a component asks of the engine; tests have one of their own.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual int wake_fd() const = 0;
  // true: there is more to do at once, other calls may come first.
  virtual bool poll() = 0;
  virtual std::vector<Stack> collect() = 0;
  // Other owners: every known process is asked for again, at once.
  virtual void reassign(OwnerOf owner_of) = 0;
  // false: needs another engine.
  [[nodiscard]] virtual bool can_take(const EngineSettings& settings) const = 0;
  virtual Result<> take(const EngineSettings& settings) = 0;
  [[nodiscard]] virtual EngineStatus status() const = 0;
  // What is under way ends soon, with what it has; nothing follows but the end.
  virtual void give_up() = 0;
};

class Engine final : public Source {
 public:
  static constexpr std::size_t kShown = 64;

  static Result<std::unique_ptr<Engine>> start(EngineSettings settings, OwnerOf owner_of);
  ~Engine() override;

  [[nodiscard]] int wake_fd() const override { return programs_->wake_fd(); }
  bool poll() override;
  std::vector<Stack> collect() override;
  void reassign(OwnerOf owner_of) override;
  [[nodiscard]] bool can_take(const EngineSettings& settings) const override;
  Result<> take(const EngineSettings& settings) override;
  [[nodiscard]] EngineStatus status() const override;
  void give_up() override { given_up_ = true; }

 private:
  struct Record {
    std::uint32_t generation = 0;
    int tid = 0;
    std::string comm;
    std::uint16_t kernel = 0, user = 0, python = 0;
    std::uint16_t exact_frame = 0;
    std::uint8_t stop = 0;
    std::vector<std::uint64_t> frames;
    std::vector<PythonFrame> python_names;  // read while the process has them
    std::uint64_t interval = 0;
    [[nodiscard]] std::uint64_t bytes() const {
      return sizeof *this + frames.size() * sizeof frames[0] + python_names.size() * sizeof(PythonFrame);
    }
  };
  struct RecordKey {
    std::uint64_t hash;
    std::uint32_t tgid;
    bool operator==(const RecordKey&) const = default;
  };
  struct HashKey {
    std::size_t operator()(const RecordKey& key) const { return key.hash ^ key.tgid; }
  };
  using ProcessKey = std::uint64_t;  // tgid << 32 | generation

  Engine(EngineSettings settings, std::unique_ptr<Programs> programs, OwnerOf owner_of);
  void look_at_new();
  void on_record(std::span<const char> bytes);
  void on_stack(const bpf::stack_record& record, std::span<const char> bytes);
  void on_new(std::uint32_t tgid, std::uint32_t generation);
  void on_end(std::uint32_t tgid, std::uint32_t generation);
  void on_unknown(std::uint32_t tgid, std::uint32_t generation);
  void look_at(Process& process);
  void publish(Process& process);
  void forget_mappings(Process& process);
  std::uint32_t python_slot(const PythonLayout& layout);
  Stack resolve(const Record& record, Process& process);
  Frame kernel_frame(std::uint64_t address);
  Frame user_frame(std::uint64_t address, bool exact, Process& process);
  void bring_back_tables();
  void tidy();

  EngineSettings settings_;
  std::unique_ptr<Programs> programs_;
  OwnerOf owner_of_;
  Binaries binaries_;
  MappingStore store_;
  std::unordered_map<ProcessKey, ProcessPtr> processes_;
  std::deque<ProcessPtr> new_;  // not looked at yet
  std::unordered_map<RecordKey, Record, HashKey> records_;
  std::uint64_t record_bytes_ = 0;
  LineTables lines_;
  std::unique_ptr<KernelSymbols> kernel_;
  ModulePtr kernel_module_;
  std::unordered_map<std::uint64_t, PlacePtr> kernel_places_;
  PlacePtr unknown_, of_32bit_, nameless_ = std::make_shared<Place>();
  std::vector<int> python_slots_;  // minor versions that the kernel knows
  Programs::Counted waiting_;      // of processes that were not looked at in their interval
  std::uint64_t interval_ = 0;
  EngineStatus counts_;  // the figures counted here
  std::atomic<bool> given_up_ = false;
};

}  // namespace invar::ebpf
