#include "component/path_follower.h"

#include <algorithm>
#include <utility>

#include "component/shortest_interval.h"

namespace invar::component {
namespace {

// Files are often written in several steps.
constexpr Duration kSettle = std::chrono::milliseconds(30);

}  // namespace

PathFollower::PathFollower(async::Loop& loop, async::WorkerPool& pool, log::Logger logger)
    : loop_(loop), pool_(pool), logger_(std::move(logger)), poll_(loop), settle_(loop) {}

PathFollower::~PathFollower() {
  unwatch();
}

void PathFollower::follow(Followed followed) {
  stop();
  followed_ = std::move(followed);
  followed_.interval = usable_interval(followed_.interval, logger_);
  poll_.arm_after(followed_.interval, [this] { poll(); });
  if (!followed_.points) return look();
  looking_ = true;
  pool_.run([points = followed_.points] { return points(); }, alive_.bind([this, run = run_](Points points) {
    if (run != run_) return;
    looking_ = false;
    watch(std::move(points));
    look();
  }));
}

void PathFollower::stop() {
  ++run_;
  looking_ = again_ = false;
  poll_.cancel();
  settle_.cancel();
  unwatch();
}

void PathFollower::poll() {
  poll_.arm_after(followed_.interval, [this] { poll(); });
  if (followed_.points) watch(points_);
  look();
}

void PathFollower::changed() {
  bool matters = false, ended = false;
  for (const auto& event : watcher_->read_events()) {
    ended = ended || event.ended;
    const auto [first, last] = entries_.equal_range(event.watch);
    matters = matters || ended || event.watch < 0 ||
              std::any_of(
                  first, last,
                  [&](const auto& entry) { return entry.second.empty() || entry.second == event.name; });
  }
  if (ended) watch(points_);
  if (matters && !settle_.armed()) settle_.arm_after(kSettle, [this] { look(); });
}

void PathFollower::look() {
  if (looking_) {
    again_ = true;
    return;
  }
  looking_ = true;
  pool_.run(
      [look = followed_.look, points = followed_.points] {
        Seen seen{.take = look(), .points = {}};
        if (points) seen.points = points();
        return seen;
      },
      alive_.bind([this, run = run_](Seen result) {
        if (run == run_) seen(std::move(result));
      }));
}

void PathFollower::seen(Seen seen) {
  looking_ = false;
  bool stale = std::exchange(again_, false);
  if (seen.points != points_) {
    watch(std::move(seen.points));
    stale = true;  // new watches do not tell what happened before them
  }
  const std::uint64_t run = run_;
  seen.take();
  if (stale && run == run_) look();
}

void PathFollower::unwatch() {
  if (watch_ != 0) loop_.unwatch(watch_);
  watch_ = 0;
  watcher_.reset();
  entries_.clear();
}

void PathFollower::watch(Points points) {
  unwatch();
  points_ = std::move(points);
  std::string error;
  if (auto watcher = fs::Watcher::create()) {
    watcher_ = std::move(*watcher);
    for (const fs::WatchPoint& point : points_) {
      if (const auto id = watcher_->add(point.directory))
        entries_.emplace(*id, point.name);
      else
        error = id.error().message;
    }
    watch_ = loop_.watch_readable(watcher_->fd(), [this] { changed(); });
  } else {
    error = watcher.error().message;
  }
  if (!error.empty()) {
    if (followed_.watch_failed) followed_.watch_failed();
    if (error != watch_error_)
      logger_.warn("changes of files are only found at the interval", {{"err", error}});
  }
  watch_error_ = std::move(error);
}

}  // namespace invar::component
