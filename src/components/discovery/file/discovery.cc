#include "components/discovery/file/discovery.h"

#include <set>

namespace invar::components::discovery_file {
namespace {

// Files are often written in several steps; a burst of events is one scan.
constexpr Duration kSettle = std::chrono::milliseconds(30);

const std::vector<double> kSeconds = {0.001, 0.01, 0.1, 1, 10};

constexpr const char* kMtimeName = "prometheus_sd_file_mtime_seconds";

}  // namespace

FileDiscovery::FileDiscovery(const component::Options& options)
    : loop_(*options.loop),
      pool_(*options.pool),
      files_(options.files),
      logger_(options.logger),
      metrics_(*options.metrics),
      read_errors_(
          metrics_.counter("prometheus_sd_file_read_errors_total", "The number of File-SD read errors.")),
      watcher_errors_(metrics_.counter("prometheus_sd_file_watcher_errors_total",
                                       "The number of File-SD errors caused by filesystem watch failures.")),
      scan_duration_(metrics_.histogram("prometheus_sd_file_scan_duration_seconds",
                                        "The duration of the File-SD scan in seconds.", kSeconds)),
      exporter_(loop_,
                [publish = options.set_exports](const component::Targets& targets) {
                  publish(component::Boxed::of(component::target_exports_schema(),
                                               component::TargetExports{targets}));
                }),
      interval_(loop_),
      settle_(loop_) {}

FileDiscovery::~FileDiscovery() {
  unwatch();
}

void FileDiscovery::run(const Arguments& arguments) {
  stop();
  arguments_ = arguments;
  exporter_.expect_first();
  tick();
}

void FileDiscovery::stop() {
  ++run_;
  scanning_ = again_ = false;
  interval_.cancel();
  settle_.cancel();
  unwatch();
  exporter_.flush();
}

void FileDiscovery::tick() {
  interval_.arm_after(arguments_.refresh_interval, [this] { tick(); });
  // Every time anew: a directory may have appeared, or may be another one under the same name.
  watch_directories();
  scan();
}

void FileDiscovery::unwatch() {
  if (watch_ != 0) loop_.unwatch(watch_);
  watch_ = 0;
  watcher_.reset();
}

void FileDiscovery::watch_directories() {
  unwatch();
  std::string error;
  if (auto watcher = fs::Watcher::create()) {
    watcher_ = std::move(*watcher);
    for (const std::string& directory : directories_of(arguments_.files)) {
      if (const auto added = watcher_->add(directory); !added) error = added.error().message;
    }
    watch_ = loop_.watch_readable(watcher_->fd(), [this] { changed(); });
  } else {
    error = watcher.error().message;
  }
  if (!error.empty()) {
    watcher_errors_.add();
    if (error != watcher_error_)
      logger_.warn("changes of target files are only found at the interval", {{"err", error}});
  }
  watcher_error_ = std::move(error);
}

void FileDiscovery::changed() {
  bool ended = false;
  for (const auto& event : watcher_->read_events()) ended = ended || event.ended;
  if (ended) watch_directories();
  if (!settle_.armed()) settle_.arm_after(kSettle, [this] { scan(); });
}

void FileDiscovery::scan() {
  if (scanning_) {
    again_ = true;
    return;
  }
  scanning_ = true;
  pool_.run([patterns = arguments_.files, files = files_] { return scan_files(patterns, *files); },
            alive_.bind([this, run = run_, started = loop_.now()](Scan result) {
              if (run == run_) scanned(started, std::move(result));
            }));
}

void FileDiscovery::forget(const std::string& path) {
  metrics_.remove(kMtimeName, {{"filename", path}});
}

void FileDiscovery::scanned(async::TimePoint started, Scan scan) {
  scanning_ = false;
  scan_duration_.observe(std::chrono::duration<double>(loop_.now() - started).count());
  std::erase_if(known_, [&](const auto& entry) {
    if (scan.contains(entry.first)) return false;
    forget(entry.first);
    return true;
  });

  bool any_bad = false;
  component::Targets targets;
  for (auto& [path, file] : scan) {
    KnownFile& known = known_[path];
    if (known.mtime == nullptr) {
      known.mtime = &metrics_.gauge(
          kMtimeName, "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.",
          {{"filename", path}});
    }
    if (file.found) {
      known.mtime->set(static_cast<double>(file.mtime_unix_ns) / 1e9);
      known.found = std::move(*file.found);
      known.error.clear();
    } else {
      any_bad = true;
      read_errors_.add();
      const std::string& error = file.found.error().message;
      if (error != known.error) logger_.error("Error reading file", {{"path", path}, {"err", error}});
      known.error = error;
    }
    targets.insert(targets.end(), known.found.targets.begin(), known.found.targets.end());
  }
  const std::size_t count = targets.size();
  exporter_.set(std::move(targets));
  report(any_bad);
  if (health_.message.empty()) {
    health_.message =
        "found " + std::to_string(count) + " targets in " + std::to_string(known_.size()) + " files";
  }
  if (std::exchange(again_, false)) this->scan();
}

void FileDiscovery::report(bool any_bad) {
  health_ = {component::HealthState::kHealthy, "", loop_.unix_ns()};
  if (!any_bad) return;
  for (const auto& [path, known] : known_) {
    if (known.error.empty()) continue;
    // With the targets of before the component still does its work; without any it does not, and that is said first.
    const bool serving = known.found.groups > 0;
    const bool worse = !serving && health_.state == component::HealthState::kHealthy;
    if (!serving) health_.state = component::HealthState::kUnhealthy;
    if (health_.message.empty() || worse)
      health_.message = known.error + (serving ? " (its previous targets are still used)" : "");
  }
}

component::BodyValue FileDiscovery::debug_info() const {
  component::BodyValue info;
  for (const auto& [path, known] : known_) {
    component::BodyValue file;
    file.attribute("path", path);
    file.attribute("groups", static_cast<std::uint64_t>(known.found.groups));
    if (!known.error.empty()) file.attribute("last_error", known.error);
    info.block("file", "", std::move(file));
  }
  return info;
}

}  // namespace invar::components::discovery_file
