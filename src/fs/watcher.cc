#include "fs/watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>

#include "base/strings.h"

namespace invar::fs {
namespace {

constexpr std::uint32_t kMask = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr int kMostLinks = 40;  // as the kernel

std::string read_link(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t n = readlink(path.c_str(), buffer.data(), buffer.size());
  return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
}

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::create() {
  UniqueFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.valid()) return std::unexpected(errno_error("cannot watch for changed files", errno));
  return std::unique_ptr<Watcher>(new Watcher(std::move(fd)));
}

Result<Watcher::WatchId> Watcher::add(const std::string& directory) {
  const int id = inotify_add_watch(fd_.get(), directory.c_str(), kMask);
  if (id >= 0) return id;
  if (errno == ENOSPC) {
    return fail(
        ErrorCode::kResourceExhausted,
        "cannot watch " + directory + ": the limit of watches is reached (fs.inotify.max_user_watches)");
  }
  return std::unexpected(errno_error("cannot watch " + directory, errno));
}

void Watcher::remove(WatchId id) {
  inotify_rm_watch(fd_.get(), id);
}

std::vector<Watcher::Event> Watcher::read_events() {
  std::vector<Event> events;
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = read(fd_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return events;
    for (std::size_t at = 0; at < static_cast<std::size_t>(n);) {
      inotify_event header;
      std::memcpy(&header, buffer.data() + at, sizeof header);
      Event event;
      event.watch = (header.mask & IN_Q_OVERFLOW) != 0 ? -1 : header.wd;
      event.ended = (header.mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0;
      if (header.len > 0) event.name = buffer.data() + at + sizeof header;
      events.push_back(std::move(event));
      at += sizeof header + header.len;
    }
  }
}

std::vector<WatchPoint> watch_points(const std::string& path) {
  std::vector<WatchPoint> points;
  std::deque<std::string> rest;
  const auto push_front = [&rest](const std::string& text) {
    const auto parts = split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") rest.emplace_front(*part);
    }
  };
  std::string directory = path.starts_with('/') ? "/" : ".";
  push_front(path);
  for (int links = 0; !rest.empty();) {
    const std::string name = std::move(rest.front());
    rest.pop_front();
    const std::string entry = (directory == "/" ? "" : directory) + "/" + name;
    const std::string target = read_link(entry);
    const WatchPoint point{directory, name};
    if ((!target.empty() || rest.empty()) && std::ranges::find(points, point) == points.end())
      points.push_back(point);
    if (target.empty()) {
      directory = entry;
    } else {
      if (++links > kMostLinks) break;
      if (target.starts_with('/')) directory = "/";
      push_front(target);
    }
  }
  return points;
}

}  // namespace invar::fs
