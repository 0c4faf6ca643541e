#include "components/pyroscope/java/profiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "codec/hash.h"
#include "components/pyroscope/java/agent_options.h"
#include "components/pyroscope/java/labels.h"

namespace invar::components::pyroscope_java {
namespace {

using component::Problem;
using component::Severity;

constexpr Duration kStopLimit = std::chrono::milliseconds(1500);
constexpr Duration kLongestPhase = std::chrono::seconds(5);

std::string shown(const JvmLoop& loop) {
  return fmt::format("process {} ({})", loop.pid(), loop.labels().get(kServiceName));
}

}  // namespace

Profiler::Profiler(const component::Options& options, World world)
    : options_(options),
      world_(std::move(world)),
      metrics_(*options_.metrics),
      conversions_(*options_.pool),
      stop_timer_(*options_.loop) {
  context_.loop = options_.loop;
  context_.logger = options_.logger;
  context_.driver = world_.driver;
  context_.attach_pool = [this]() -> async::WorkerPool& {
    if (!attach_pool_) attach_pool_ = world_.make_pool();
    return *attach_pool_;
  };
  context_.random = world_.random;
  context_.conversions = &conversions_;
  context_.metrics = &metrics_;
  context_.tap = options_.tap;
  context_.plan.cancelled = cancelled_;
  context_.plan.owner =
      fmt::format("{:08x}", codec::fnv1a(options_.id, codec::fnv1a(options_.instance_uid)) & 0xffffffff);
  options_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
}

// The pool's threads end only with what they do.
Profiler::~Profiler() {
  *cancelled_ = true;
}

void Profiler::start() {
  started_ = true;
  apply_targets();
}

void Profiler::update(const Arguments& arguments, java::LibraryPtr library) {
  const ProfilingConfig& profiling = arguments.profiling;
  const bool new_interval = context_.plan.interval != profiling.interval;
  context_.plan.options = agent_options(profiling).value_or("");
  context_.plan.interval = profiling.interval;
  context_.plan.first_directory = arguments.tmp_dir;
  context_.plan.library = std::move(library);
  context_.convert.sample_interval_ns = 1'000'000'000 / std::max<std::int64_t>(profiling.sample_rate, 1);
  context_.convert.thread_labels = profiling.per_thread && profiling.custom_arguments.empty();
  context_.convert.native_locks = has_custom(profiling, "--nativelock");
  context_.convert.live_bytes = has_custom(profiling, "--live");
  context_.convert.span_labels = profiling.span_labels;
  context_.receivers.clear();
  for (const auto& receiver : arguments.forward_to)
    if (receiver) context_.receivers.push_back(receiver);
  arguments_ = arguments;
  if (!started_) return;
  apply_targets();
  if (!new_interval) return;
  for (auto& [pid, loop] : loops_) loop->interval_changed();
}

void Profiler::apply_targets() {
  std::map<int, const component::Target*> wanted;  // of several targets of one process the last counts
  std::map<std::string, std::string> bad;
  for (const component::Target& target : arguments_.targets) {
    if (const auto pid = pid_of(target))
      wanted[*pid] = &target;
    else
      bad[target.to_string()] = pid.error().message;
  }
  for (const auto& [target, wrong] : bad)
    if (!bad_targets_.contains(target))
      options_.logger.warn("a target names no process", {{"target", target}, {"err", wrong}});
  bad_targets_ = std::move(bad);

  for (auto it = loops_.begin(); it != loops_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    let_end(std::move(it->second));
    it = loops_.erase(it);
  }
  for (const auto& [pid, target] : wanted) {
    Labels labels = labels_of(*target, arguments_.scope_labels);
    const auto found = loops_.find(pid);
    if (found != loops_.end()) {
      found->second->set_target(*target, std::move(labels));
      continue;
    }
    auto& loop = loops_[pid] = std::make_unique<JvmLoop>(context_, pid, *target, std::move(labels));
    loop->start(phase_of(pid));
  }
}

// So that the JVMs of a machine do not all stop for their commands at one instant.
Duration Profiler::phase_of(int pid) const {
  const Duration span = std::min(kLongestPhase, context_.plan.interval);
  return Duration(static_cast<std::int64_t>(codec::fnv1a(std::to_string(pid)) %
                                            static_cast<std::uint64_t>(span.count())));
}

void Profiler::let_end(std::unique_ptr<JvmLoop> loop) {
  JvmLoop* const leaving = loop.get();
  leaving_.push_back(std::move(loop));
  leaving->end(alive_.bind([this, leaving] {
    std::erase_if(leaving_, [&](const auto& one) { return one.get() == leaving; });
    if (on_stopped_ && leaving_.empty()) finish_stop();
  }));
}

void Profiler::stop(async::Task done) {
  on_stopped_ = std::move(done);
  for (auto& [pid, loop] : loops_) let_end(std::move(loop));
  loops_.clear();
  if (leaving_.empty()) return finish_stop();
  stop_timer_.arm_after(kStopLimit, [this] {
    options_.logger.warn("JVMs did not end their recordings in time: they end by themselves",
                         {{"jvms", static_cast<std::uint64_t>(leaving_.size())}});
    finish_stop();
  });
}

void Profiler::finish_stop() {
  stop_timer_.cancel();
  *cancelled_ = true;
  leaving_.clear();
  options_.loop->post(std::exchange(on_stopped_, {}));
}

// All targets that cannot be profiled, for one reason.
std::optional<Problem> Profiler::common_problem() const {
  const java::Trouble* common = nullptr;
  UnixNanos since = 0;
  bool privileges = false;
  bool all = !loops_.empty();
  for (const auto& [pid, loop] : loops_) {
    const auto& trouble = loop->status().trouble;
    privileges = privileges || (trouble && trouble->kind == java::TroubleKind::kNoPermission);
    if (!trouble || trouble->kind == java::TroubleKind::kGone ||
        (common != nullptr && common->kind != trouble->kind)) {
      all = false;
    } else {
      common = &*trouble;
      since = std::max(since, loop->status().trouble_since_unix_ns);
    }
  }
  if (privileges && !world_.missing_privileges.empty()) {
    return Problem{
        Severity::kFailing, "",
        fmt::format(
            "pyroscope.java needs root, or the capabilities SYS_PTRACE, DAC_READ_SEARCH, KILL, SETUID "
            "and SETGID (missing: {})",
            join(world_.missing_privileges, ", ")),
        since};
  }
  if (!all) return std::nullopt;
  return Problem{Severity::kFailing, "", "no target can be profiled: " + common->sentence, since};
}

std::vector<Problem> Profiler::problems(Severity at_least) const {
  std::vector<Problem> problems;
  if (auto common = common_problem()) problems.push_back(*std::move(common));
  if (at_least != Severity::kDegraded) return problems;
  for (const auto& [target, wrong] : bad_targets_)
    problems.push_back({Severity::kDegraded, target, wrong, 0});
  for (const auto& [pid, loop] : loops_) {
    const JvmStatus& status = loop->status();
    if (!status.trouble || status.trouble->kind == java::TroubleKind::kGone) continue;
    problems.push_back(
        {Severity::kDegraded, shown(*loop), status.trouble->sentence, status.trouble_since_unix_ns});
  }
  return problems;
}

component::BodyValue Profiler::debug_info() const {
  component::BodyValue info;
  for (const auto& [target, wrong] : bad_targets_) {
    component::BodyValue row;
    row.attribute("target", target).attribute("error_msg", wrong);
    info.block("bad_targets", "", std::move(row));
  }
  for (const auto& [pid, loop] : loops_) {
    const JvmStatus& status = loop->status();
    component::BodyValue row;
    row.attribute("pid", std::int64_t{pid}).attribute("target", loop->target().to_string());
    row.attribute("state", to_string(status.state));
    if (!status.info.jvm.empty()) row.attribute("jvm", status.info.jvm);
    if (!status.info.library.empty())
      row.attribute("library", status.info.library).attribute("directory", status.info.directory);
    if (status.last_profiled_unix_ns != 0) {
      row.attribute("last_profiled", format_rfc3339(status.last_profiled_unix_ns));
      row.attribute("total_bytes", status.total_bytes).attribute("total_samples", status.total_samples);
      std::vector<std::pair<std::string, syntax::Value>> bytes;
      for (const auto& [type, size] : status.last_bytes) bytes.emplace_back(type, size);
      row.attribute("last_profile_bytes_per_type", syntax::Value::object(std::move(bytes)));
      row.attribute("last_gap", format_duration(status.last_gap));
      row.attribute("last_conversion", format_duration(status.last_conversion));
    }
    if (status.trouble) {
      row.attribute("last_error", format_rfc3339(status.trouble_since_unix_ns));
      row.attribute("error_msg", status.trouble->sentence);
    }
    info.block("profiled_targets", "", std::move(row));
  }
  return info;
}

void Profiler::collect(std::vector<metrics::Sample>& out) const {
  for (const JvmState state : {JvmState::kWaiting, JvmState::kRecording, JvmState::kTrouble}) {
    const auto count = std::ranges::count_if(
        loops_, [&](const auto& entry) { return entry.second->status().state == state; });
    out.push_back({.name = "pyroscope_java_targets",
                   .help = "Processes that the targets name, by state.",
                   .labels = {{"state", std::string(to_string(state))}},
                   .value = static_cast<double>(count)});
  }
}

}  // namespace invar::components::pyroscope_java
