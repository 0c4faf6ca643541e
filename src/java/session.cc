#include "java/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>
#include <utility>

#include "base/strings.h"
#include "java/attach.h"
#include "java/limits.h"
#include "java/process.h"
#include "java/suitable.h"
#include "java/target_root.h"

namespace invar::java {
namespace {

constexpr std::string_view kLibraryName = "libasyncProfiler.so";

// The agent's own error, out of its log: what stands behind the last "[ERROR] ".
std::string error_in(std::string_view log) {
  constexpr std::string_view kError = "[ERROR] ";
  const std::size_t at = log.rfind(kError);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = log.substr(at + kError.size());
  return std::string(trim_space(rest.substr(0, rest.find('\n'))));
}

class HotSpot final : public Session {
 public:
  HotSpot(Process process, ProcessFacts facts, TargetRoot root)
      : process_(std::move(process)), facts_(std::move(facts)), root_(std::move(root)) {}

  Outcome<std::string> prepare(const Plan& plan) {
    if (auto placed = place(plan); !placed) return std::unexpected(placed.error());
    const auto version = attach(plan).command({"jcmd", "VM.version"});
    if (!version) return std::unexpected(version.error());
    const auto lines = split(*version, '\n');
    if (lines.size() > 1 && lines[0] == "0") info_.jvm = std::string(trim_space(lines[1]));
    return recover(plan);
  }

  Outcome<> start(const Plan& plan) {
    const std::string path = fmt::format("{}/{}{:016x}.jfr", info_.directory, prefix(plan), plan.random);
    const auto timeout = std::chrono::ceil<std::chrono::seconds>(plan.interval + kGuard).count();
    auto started = tell(plan, fmt::format("start,jfr,file={}{}{},timeout={}", path,
                                          plan.options.empty() ? "" : ",", plan.options, timeout));
    if (started) recording_ = path;
    return started;
  }

  [[nodiscard]] const SessionInfo& info() const override { return info_; }

  Turn turn(const Plan& plan) override {
    const std::string done = std::exchange(recording_, "");
    Turn turn;
    if (auto stopped = tell(plan, "stop,jfr"); !stopped) {
      turn.recording = std::unexpected(stopped.error());
      turn.next = std::unexpected(stopped.error());
    } else {
      turn.next = start(plan);
    }
    auto recorded = take(done);
    if (recorded || turn.recording) turn.recording = std::move(recorded);
    return turn;
  }

  Outcome<std::string> end(const Plan& plan) override {
    const std::string done = std::exchange(recording_, "");
    if (done.empty()) return std::string();
    if (auto stopped = tell(plan, "stop,jfr"); !stopped) {
      root_.remove(done);
      return std::unexpected(stopped.error());
    }
    return take(done);
  }

 private:
  [[nodiscard]] Attach attach(const Plan& plan) const {
    return Attach(process_, facts_, root_, *plan.cancelled);
  }

  // "asprof-<owner>-<pid>-<start>-": also those of an earlier life of ours have it.
  [[nodiscard]] std::string prefix(const Plan& plan) const {
    return fmt::format("asprof-{}-{}-{}-", plan.owner, facts_.inner_pid, facts_.start_ticks);
  }

  // Finds the directories, and puts the library there unless the JVM has one already.
  Outcome<> place(const Plan& plan) {
    std::vector<std::string> candidates = {plan.first_directory,
                                           "/tmp",
                                           "/var/tmp",
                                           "/dev/shm",
                                           facts_.temporary_directory,
                                           process_.as_seen_inside(process_.link("cwd"))};
    std::erase_if(candidates, [](const std::string& path) { return !path.starts_with('/'); });
    info_.library = loaded_profiler(facts_);
    Trouble last{TroubleKind::kNoDirectory, {}};
    for (const std::string& candidate : candidates) {
      if (!info_.library.empty() && !info_.directory.empty()) break;
      if (auto usable = root_.check_directory(candidate, false); !usable) {
        last = usable.error();
        if (last.kind == TroubleKind::kGone || last.kind == TroubleKind::kUnsupported) return usable;
        continue;
      }
      if (info_.directory.empty()) info_.directory = candidate;
      if (!info_.library.empty() || !root_.check_directory(candidate, true)) continue;
      const std::string folder = fmt::format("{}-{}", plan.library->folder, facts_.uid);
      if (auto installed = root_.install(candidate, folder, std::string(kLibraryName), plan.library->content);
          !installed) {
        last = installed.error();
      } else {
        info_.library = fmt::format("{}/{}/{}", candidate, folder, kLibraryName);
      }
    }
    if (!info_.library.empty() && !info_.directory.empty()) return {};
    return no_directory(last.sentence);
  }

  // A recording that runs and is ours, from a life of ours that was cut off, is ended and kept; what else lies about is removed.
  Outcome<std::string> recover(const Plan& plan) {
    std::string recovered;
    const auto running = process_.open_files(prefix(plan), ".jfr");
    if (!running.empty()) {
      if (auto stopped = tell(plan, "stop,jfr"); !stopped) return std::unexpected(stopped.error());
      if (auto read = take(running.front())) recovered = *std::move(read);
    }
    const UnixNanos old = plan.now_unix_ns - 2 * plan.interval.count();
    for (const auto& entry : root_.list(info_.directory, fmt::format("asprof-{}-", plan.owner)))
      if (entry.name.starts_with(prefix(plan)) || entry.modified_unix_ns < old)
        root_.remove(info_.directory + "/" + entry.name);
    return recovered;
  }

  // One command to the agent; its own words when it refuses.
  Outcome<> tell(const Plan& plan, const std::string& what) {
    const std::string log = fmt::format("{}/{}{:016x}.log", info_.directory, prefix(plan), plan.random);
    const auto answer = attach(plan).command({"load", info_.library, "true", what + ",log=" + log});
    const std::string said = root_.read(log, kMostLogBytes).value_or("");
    root_.remove(log);
    if (!answer && process_.ended(0)) return trouble(TroubleKind::kGone, "the JVM ended");
    if (!answer) return std::unexpected(answer.error());
    auto read = read_load_answer(*answer);
    if (read || read.error().kind != TroubleKind::kAgentRefused) return read;
    const std::string error = error_in(said);
    if (error == "Profiler already started")
      return trouble(TroubleKind::kForeignProfiler, "another profiler is running in this JVM");
    if (!error.empty()) read.error().sentence = "async-profiler refused: " + error;
    return read;
  }

  // Reads a recording and removes it.
  Outcome<std::string> take(const std::string& path) {
    auto recording = root_.read(path, kMostRecordingBytes);
    root_.remove(path);
    return recording;
  }

  const Process process_;
  const ProcessFacts facts_;
  const TargetRoot root_;
  SessionInfo info_;
  std::string recording_;  // the path of what is recorded now; "" when nothing is
};

class HotSpotDriver final : public Driver {
 public:
  Outcome<Begun> begin(int pid, const Plan& plan) override {
    auto process = Process::open(pid);
    if (!process) return std::unexpected(process.error());
    auto facts = process->facts();
    if (!facts) return std::unexpected(facts.error());
    if (auto suitable = check_suitable(*facts); !suitable) return std::unexpected(suitable.error());
    auto root = TargetRoot::of(*process, *facts);
    if (!root) return std::unexpected(root.error());
    if (auto awake = wake(*process, *facts, *root, *plan.cancelled); !awake)
      return std::unexpected(awake.error());
    auto session = std::make_shared<HotSpot>(*std::move(process), *std::move(facts), *std::move(root));
    auto recovered = session->prepare(plan);
    if (!recovered) return std::unexpected(recovered.error());
    if (auto started = session->start(plan); !started) return std::unexpected(started.error());
    return Begun{std::move(session), *std::move(recovered)};
  }

 private:
  // A JVM that answered a signal with anything but its socket has printed its threads instead: it is not asked a second time.
  Outcome<> wake(const Process& process, const ProcessFacts& facts, const TargetRoot& root,
                 const std::atomic<bool>& cancelled) {
    const std::pair identity(process.pid(), facts.start_ticks);
    {
      const std::lock_guard lock(mutex_);
      if (deaf_.contains(identity) && !root.socket(fmt::format("/tmp/.java_pid{}", facts.inner_pid)))
        return trouble(TroubleKind::kNoAnswer,
                       "JVM does not answer: it did not open its attach socket, and is not asked again");
    }
    const auto awake = Attach(process, facts, root, cancelled).wake();
    if (awake) return {};
    if (awake.error().kind == TroubleKind::kNoAnswer && !cancelled) {
      const std::lock_guard lock(mutex_);
      deaf_.insert(identity);
    }
    return std::unexpected(awake.error());
  }

  std::mutex mutex_;
  std::set<std::pair<int, std::uint64_t>> deaf_;  // by pid and start
};

}  // namespace

std::shared_ptr<Driver> make_driver() {
  return std::make_shared<HotSpotDriver>();
}

}  // namespace invar::java
