#include "components/discovery/file/discovery.h"

#include "base/strings.h"

namespace invar::components::discovery_file {
namespace {

const std::vector<double> kSeconds = {0.001, 0.01, 0.1, 1, 10};

constexpr const char* kMtimeName = "prometheus_sd_file_mtime_seconds";

}  // namespace

FileDiscoverer::FileDiscoverer(const component::Options& options, Arguments arguments)
    : loop_(*options.loop),
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
      follower_(loop_, *options.disk_pool, logger_) {}

FileDiscoverer::~FileDiscoverer() {
  for (const auto& [path, known] : known_) forget(path);
}

void FileDiscoverer::start(component::GroupSink& sink) {
  sink_ = &sink;
  follow();
}

bool FileDiscoverer::adopt(const component::Boxed& arguments) {
  arguments_ = arguments.as<Arguments>();
  if (sink_ != nullptr) follow();
  return true;
}

void FileDiscoverer::follow() {
  follower_.follow({.interval = arguments_.refresh_interval,
                    .points =
                        [patterns = arguments_.files] {
                          component::PathFollower::Points points;
                          for (std::string& directory : directories_of(patterns))
                            points.push_back({std::move(directory), ""});
                          return points;
                        },
                    .look =
                        [this, patterns = arguments_.files, files = files_] {
                          return [this, scan = scan_files(patterns, *files)]() mutable {
                            scanned(std::move(scan));
                          };
                        },
                    .watch_failed = [this] { watcher_errors_.add(); }});
}

void FileDiscoverer::forget(const std::string& path) {
  metrics_.remove(kMtimeName, {{"filename", path}});
}

void FileDiscoverer::scanned(Scan scan) {
  scan_duration_.observe(std::chrono::duration<double>(scan.took).count());
  std::erase_if(known_, [&](const auto& entry) {
    if (scan.files.contains(entry.first)) return false;
    forget(entry.first);
    return true;
  });

  component::Groups groups;
  for (auto& [path, file] : scan.files) {
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
}

// With the targets of before the component still does its work; without any it does not, and that is said first.
void FileDiscoverer::report() {
  std::string remark;
  if (known_.empty() && !arguments_.files.empty()) remark = "no file matches " + join(arguments_.files, ", ");
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
