#include "components/discovery/process/discovery.h"

#include <utility>

namespace invar::components::discovery_process {
namespace {

// A program that has just started changes its name, user and cgroup, and many end at once.
constexpr Duration kSettle = std::chrono::milliseconds(500);

}  // namespace

ProcessDiscoverer::ProcessDiscoverer(const component::Options& options, Arguments arguments, std::string proc)
    : PolledDiscoverer(options, "process", arguments.refresh_interval),
      pool_(*options.disk_pool),
      arguments_(std::move(arguments)),
      proc_(std::move(proc)),
      join_(arguments_.join),
      settle_(*options.loop) {
  if (proc_ != "/proc") return;
  auto events = ProcEvents::open(*options.loop, [this](ProcChanges changes) { changed(std::move(changes)); });
  if (events) {
    events_ = std::move(*events);
  } else {
    without_events_ = std::move(events.error().message);
    options.logger.info("new processes are found at the interval only", {{"reason", without_events_}});
  }
}

bool ProcessDiscoverer::adopt(const component::Boxed& boxed) {
  const auto& arguments = boxed.as<Arguments>();
  if (arguments.refresh_interval != arguments_.refresh_interval ||
      arguments.discover_config != arguments_.discover_config)
    return false;
  arguments_ = arguments;
  join_ = Join(arguments_.join);
  if (complete_) sink().replace(groups());
  return true;
}

component::Groups ProcessDiscoverer::groups() const {
  component::Groups groups;
  for (const auto& [pid, process] : known_)
    groups.emplace(source_of(pid), component::Targets{join_.with_labels(process)});
  join_.add_to(groups);
  return groups;
}

void ProcessDiscoverer::refresh(Done done) {
  ++full_reads_;
  changed_.clear();
  pool_.run([proc = proc_, wanted = arguments_.discover_config] { return read_processes(proc, wanted); },
            alive_.bind([this, done = std::move(done)](Result<Scan> scan) mutable {
              if (!scan) return done(std::unexpected(std::move(scan).error()));
              known_.clear();
              for (Process& process : scan->processes)
                known_.emplace_hint(known_.end(), process.pid, std::move(process));
              complete_ = true;
              tell(scan->refused);
              done(groups());
            }));
}

void ProcessDiscoverer::tell(std::size_t refused) {
  sink().remark(
      refused == 0
          ? std::string()
          : std::to_string(refused) +
                " more processes may not be looked at: that needs CAP_SYS_PTRACE and, in a container, "
                "the host's PID namespace");
}

void ProcessDiscoverer::changed(ProcChanges changes) {
  if (!complete_) return;
  if (changes.lost) return soon();
  changed_.insert(changes.pids.begin(), changes.pids.end());
  if (!settle_.armed()) settle_.arm_after(kSettle, [this] { read_changed(); });
}

void ProcessDiscoverer::read_changed() {
  if (reading_) return settle_.arm_after(kSettle, [this] { read_changed(); });
  reading_ = true;
  std::set<int> asked = std::exchange(changed_, {});
  std::vector<int> pids(asked.begin(), asked.end());
  pool_.run([proc = proc_, wanted = arguments_.discover_config,
             pids = std::move(pids)] { return read_processes(proc, wanted, pids); },
            alive_.bind([this, asked = std::move(asked), reads = full_reads_](Scan scan) {
              reading_ = false;
              if (reads == full_reads_) take_changed(asked, std::move(scan));
            }));
}

void ProcessDiscoverer::take_changed(const std::set<int>& asked, Scan scan) {
  for (const int pid : asked) known_.erase(pid);
  for (Process& process : scan.processes) known_.insert_or_assign(process.pid, std::move(process));
  for (const int pid : asked) {
    const auto it = known_.find(pid);
    if (it == known_.end())
      sink().remove(source_of(pid));
    else
      sink().set(source_of(pid), {join_.with_labels(it->second)});
  }
}

component::BodyValue ProcessDiscoverer::debug_info() const {
  component::BodyValue info;
  info.attribute("processes", static_cast<std::uint64_t>(known_.size()));
  info.attribute("new_processes",
                 events_ ? "told by the kernel" : "found at the interval: " + without_events_);
  return info;
}

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  return std::make_unique<ProcessDiscoverer>(options, arguments);
}

}  // namespace invar::components::discovery_process
