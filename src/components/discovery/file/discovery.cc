#include "components/discovery/file/discovery.h"

namespace invar::components::discovery_file {
namespace {

// Files are often written in several steps; a burst of events is one scan.
constexpr Duration kSettle = std::chrono::milliseconds(30);

const std::vector<double> kSeconds = {0.001, 0.01, 0.1, 1, 10};

constexpr const char* kMtimeName = "prometheus_sd_file_mtime_seconds";

}  // namespace

FileDiscoverer::FileDiscoverer(const component::Options& options, Arguments arguments)
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
      arguments_(std::move(arguments)),
      interval_(loop_),
      settle_(loop_) {}

FileDiscoverer::~FileDiscoverer() {
  unwatch();
}

void FileDiscoverer::start(component::GroupSink& sink) {
  sink_ = &sink;
  tick();
}

bool FileDiscoverer::adopt(const component::Boxed& arguments) {
  arguments_ = arguments.as<Arguments>();
  if (sink_ != nullptr) tick();
  return true;
}

void FileDiscoverer::tick() {
  interval_.arm_after(arguments_.refresh_interval, [this] { tick(); });
  // Every time anew: a directory may have appeared, or may be another one under the same name.
  watch_directories();
  scan();
}

void FileDiscoverer::unwatch() {
  if (watch_ != 0) loop_.unwatch(watch_);
  watch_ = 0;
  watcher_.reset();
}

void FileDiscoverer::watch_directories() {
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

void FileDiscoverer::changed() {
  bool ended = false;
  for (const auto& event : watcher_->read_events()) ended = ended || event.ended;
  if (ended) watch_directories();
  if (!settle_.armed()) settle_.arm_after(kSettle, [this] { scan(); });
}

void FileDiscoverer::scan() {
  if (scanning_) {
    again_ = true;
    return;
  }
  scanning_ = true;
  pool_.run([patterns = arguments_.files, files = files_] { return scan_files(patterns, *files); },
            alive_.bind([this, started = loop_.now()](Scan result) { scanned(started, std::move(result)); }));
}

void FileDiscoverer::forget(const std::string& path) {
  metrics_.remove(kMtimeName, {{"filename", path}});
}

void FileDiscoverer::scanned(async::TimePoint started, Scan scan) {
  scanning_ = false;
  scan_duration_.observe(std::chrono::duration<double>(loop_.now() - started).count());
  std::erase_if(known_, [&](const auto& entry) {
    if (scan.contains(entry.first)) return false;
    forget(entry.first);
    return true;
  });

  component::Groups groups;
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
      read_errors_.add();
      const std::string& error = file.found.error().message;
      if (error != known.error) logger_.error("Error reading file", {{"path", path}, {"err", error}});
      known.error = error;
    }
    groups.emplace(path, known.found.targets);
  }
  sink_->replace(std::move(groups));
  report();
  if (std::exchange(again_, false)) this->scan();
}

// With the targets of before the component still does its work; without any it does not, and that is said first.
void FileDiscoverer::report() {
  std::string remark;
  for (const auto& [path, known] : known_) {
    if (known.error.empty()) continue;
    if (known.found.groups == 0) return sink_->failed({ErrorCode::kInvalidArgument, known.error});
    if (remark.empty()) remark = known.error + " (its previous targets are still used)";
  }
  sink_->remark(std::move(remark));
}

component::BodyValue FileDiscoverer::debug_info() const {
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

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  return std::make_unique<FileDiscoverer>(options, arguments);
}

}  // namespace invar::components::discovery_file
