#include "components/pyroscope/ebpf/profiles.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "codec/gzip.h"
#include "pprof/builder.h"

namespace invar::components::pyroscope_ebpf {
namespace {

class OneProfile {
 public:
  OneProfile(ebpf::bpf::sample_kind kind, const ProfileSettings& settings)
      : kind_(kind), settings_(settings) {
    if (kind == ebpf::bpf::kOffCpu) {
      out_.sample_types = {{"offcpu", "nanoseconds"}};
      out_.period = 1;
    } else {
      out_.sample_types = {{"cpu", "nanoseconds"}};
      out_.period_type = {"cpu", "nanoseconds"};
      out_.period = 1'000'000'000 / settings.sample_rate;
    }
    out_.time_unix_ns = settings.start_unix_ns;
    out_.duration_ns = settings.duration.count();
  }

  void add(const ebpf::Stack& stack) {
    std::vector<std::uint64_t> ids;
    ids.reserve(stack.frames.size() + 1);
    for (const ebpf::Frame& frame : stack.frames) ids.push_back(location(frame));
    if (settings_.comm_frame) ids.push_back(thread_frame(stack.comm));
    Key key{std::move(ids), settings_.pid_label ? stack.pid : 0,
            settings_.comm_label ? stack.comm : std::string()};
    samples_[std::move(key)] += static_cast<std::int64_t>(stack.ns);
    taken_ += stack.samples;
  }

  MadeProfile finish(const TargetOwner& owner) {
    for (auto& [key, value] : samples_) {
      const auto& [ids, pid, comm] = key;
      pprof::Sample& sample = builder_.sample(ids, {value});
      if (pid != 0) sample.labels.push_back({.key = "pid", .str = std::to_string(pid), .num_unit = {}});
      if (!comm.empty()) sample.labels.push_back({.key = "comm", .str = comm, .num_unit = {}});
    }
    MadeProfile made{.labels = {}, .body = {}, .samples = taken_};
    const char* usual = kind_ == ebpf::bpf::kOffCpu ? "offcpu" : "process_cpu";
    made.labels = LabelsBuilder(owner.labels).set(kMetricName, usual).build();
    codec::Deflater().gzip(pprof::serialize(out_), made.body);
    return made;
  }

 private:
  using Key = std::tuple<std::vector<std::uint64_t>, int, std::string>;

  std::uint64_t mapping(const ebpf::Frame& frame) {
    if (!frame.module) {
      if (no_file_ == 0) no_file_ = builder_.mapping({});
      return no_file_;
    }
    const auto [at, made] = mappings_.try_emplace(frame.module.get(), 0);
    if (made) {
      const ebpf::Module& module = *frame.module;
      at->second = builder_.mapping({.memory_start = module.start,
                                     .memory_limit = module.limit,
                                     .file_offset = module.offset,
                                     .filename = module.path,
                                     .build_id = module.build_id,
                                     .has_functions = !frame.place->lines.empty(),
                                     .has_filenames = with_lines(frame),
                                     .has_line_numbers = with_lines(frame),
                                     .has_inline_frames = with_lines(frame)});
    }
    return at->second;
  }

  static bool with_lines(const ebpf::Frame& frame) {
    return !frame.place->lines.empty() && frame.place->lines.front().line > 0;
  }

  std::uint64_t thread_frame(const std::string& comm) {
    ebpf::PlacePtr& place = threads_[comm];
    if (!place)
      place = std::make_shared<ebpf::Place>(ebpf::Place{.lines = {{.name = comm, .system_name = comm}}});
    return location({.place = place, .module = nullptr, .address = 0});
  }

  std::uint64_t location(const ebpf::Frame& frame) {
    const auto [at, made] = locations_.try_emplace({frame.module.get(), frame.place.get(), frame.address}, 0);
    if (!made) return at->second;
    pprof::Location fresh{.id = 0, .mapping_id = mapping(frame), .address = frame.address, .lines = {}};
    for (const ebpf::NamedLine& line : frame.place->lines) {
      const std::uint64_t function = builder_.function(
          {.name = line.name, .system_name = line.system_name, .filename = line.file, .start_line = 0});
      fresh.lines.push_back({.function_id = function, .line = line.line});
    }
    at->second = builder_.add(std::move(fresh));
    return at->second;
  }

  const ebpf::bpf::sample_kind kind_;
  const ProfileSettings& settings_;
  pprof::Profile out_;
  pprof::Builder builder_{out_};
  std::map<const ebpf::Module*, std::uint64_t> mappings_;
  std::map<std::tuple<const ebpf::Module*, const ebpf::Place*, std::uint64_t>, std::uint64_t> locations_;
  std::map<std::string, ebpf::PlacePtr> threads_;
  std::uint64_t no_file_ = 0;
  std::map<Key, std::int64_t> samples_;
  std::uint64_t taken_ = 0;
};

}  // namespace

std::vector<MadeProfile> make_profiles(const std::vector<ebpf::Stack>& stacks,
                                       const ProfileSettings& settings) {
  std::map<std::pair<const TargetOwner*, ebpf::bpf::sample_kind>, std::unique_ptr<OneProfile>> profiles;
  for (const ebpf::Stack& stack : stacks) {
    const auto* owner = static_cast<const TargetOwner*>(stack.owner.get());
    auto& profile = profiles[{owner, stack.kind}];
    if (!profile) profile = std::make_unique<OneProfile>(stack.kind, settings);
    profile->add(stack);
  }
  std::vector<MadeProfile> out;
  for (auto& [key, profile] : profiles) out.push_back(profile->finish(*key.first));
  return out;
}

}  // namespace invar::components::pyroscope_ebpf
