#include "components/local/file/file_follower.h"

#include <algorithm>
#include <utility>

namespace invar::components::local_file {
namespace {

constexpr Duration kSettle = std::chrono::milliseconds(30);

}  // namespace

FileFollower::FileFollower(async::Loop& loop, async::WorkerPool& pool, std::shared_ptr<fs::FileSystem> files,
                           log::Logger logger, OnRead on_read)
    : loop_(loop),
      pool_(pool),
      files_(std::move(files)),
      logger_(std::move(logger)),
      on_read_(std::move(on_read)),
      poll_(loop),
      settle_(loop) {}

FileFollower::~FileFollower() {
  unwatch();
}

void FileFollower::run(const Arguments& arguments) {
  stop();
  arguments_ = arguments;
  poll_.arm_after(arguments_.poll_frequency, [this] { poll(); });
  // Whatever changed between the caller's reading and the first watch is found by this one.
  read();
}

void FileFollower::stop() {
  ++run_;
  reading_ = again_ = false;
  poll_.cancel();
  settle_.cancel();
  unwatch();
}

void FileFollower::unwatch() {
  if (watch_ != 0) loop_.unwatch(watch_);
  watch_ = 0;
  watcher_.reset();
  points_.clear();
  entries_.clear();
}

void FileFollower::poll() {
  poll_.arm_after(arguments_.poll_frequency, [this] { poll(); });
  unwatch();  // made again from what the path is then: a directory may have been replaced
  read();
}

void FileFollower::changed() {
  bool matters = false;
  for (const auto& event : watcher_->read_events()) {
    const auto [first, last] = entries_.equal_range(event.watch);
    matters = matters || event.ended || event.watch < 0 ||
              std::any_of(first, last, [&](const auto& entry) { return entry.second == event.name; });
  }
  if (matters && !settle_.armed()) settle_.arm_after(kSettle, [this] { read(); });
}

void FileFollower::read() {
  if (reading_) {
    again_ = true;
    return;
  }
  reading_ = true;
  pool_.run(
      [path = arguments_.filename, watching = arguments_.detector == Detector::kFsnotify, files = files_] {
        Reading reading{.content = files->read_file(path, kMaxFileBytes), .points = {}};
        if (watching) reading.points = fs::watch_points(path);
        return reading;
      },
      alive_.bind([this, run = run_](Reading reading) {
        if (run == run_) finished(std::move(reading));
      }));
}

void FileFollower::finished(Reading reading) {
  reading_ = false;
  on_read_(std::move(reading.content));
  const bool watching = arguments_.detector == Detector::kFsnotify;
  // New watches do not tell what happened before them: read once more behind them.
  const bool changed_watches = watching && reading.points != points_ && watch(reading.points);
  if (std::exchange(again_, false) || changed_watches) read();
}

bool FileFollower::watch(const std::vector<fs::WatchPoint>& points) {
  unwatch();
  std::string error;
  auto watcher = fs::Watcher::create();
  if (watcher) {
    watcher_ = std::move(*watcher);
    for (const fs::WatchPoint& point : points) {
      if (const auto id = watcher_->add(point.directory)) {
        entries_.emplace(*id, point.name);
      } else {
        error = id.error().message;
      }
    }
    watch_ = loop_.watch_readable(watcher_->fd(), [this] { changed(); });
    points_ = points;
  } else {
    error = watcher.error().message;
  }
  if (!error.empty() && error != watch_error_) {
    logger_.warn("changes of the file are only found by polling", {{"err", error}});
  }
  watch_error_ = error;
  return watcher_ != nullptr;
}

}  // namespace invar::components::local_file
