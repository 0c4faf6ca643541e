#include "java/target_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/error.h"
#include "java/as_user.h"

namespace invar::java {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}
std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Outcome<std::string> read_whole(int fd, std::uint64_t limit, const std::string& path) {
  std::string text;
  std::array<char, 65536> part;
  while (true) {
    const ssize_t size = ::read(fd, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno_trouble(path, errno);
    if (size == 0) return text;
    if (text.size() + static_cast<std::size_t>(size) > limit)
      return trouble(TroubleKind::kRecordingRefused, path + " is too large");
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

bool write_whole(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t size = ::write(fd, content.data(), content.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

Outcome<TargetRoot> TargetRoot::of(const Process& process, const ProcessFacts& facts) {
  auto root = process.directory("root");
  if (!root) return std::unexpected(root.error());
  return TargetRoot(*std::move(root), facts.uid, facts.gid, facts.root_uid);
}

int TargetRoot::open(const std::string& path, std::uint64_t flags, std::uint64_t mode) const {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how));
}

bool TargetRoot::is_trusted(unsigned uid) const {
  return uid == uid_ || uid == root_uid_ || uid == 0;
}

Outcome<> TargetRoot::check_directory(const std::string& path, bool runs_code) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return std::unexpected(user.error());
  const UniqueFd directory(open(path, O_PATH | O_DIRECTORY));
  if (!directory.valid()) return errno_trouble(path, errno);
  struct stat status{};
  if (fstat(directory.get(), &status) != 0) return errno_trouble(path, errno);
  const bool shared = (status.st_mode & S_IWOTH) != 0;
  if (!is_trusted(status.st_uid) || (shared && (status.st_mode & S_ISVTX) == 0)) {
    return trouble(
        TroubleKind::kNoDirectory,
        fmt::format(
            "{} is not safe: it must belong to the JVM's user or root, and be sticky where others write "
            "(owner={} mode={:04o})",
            path, status.st_uid, status.st_mode & 07777));
  }
  if (faccessat(directory.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) return errno_trouble(path, errno);
  struct statvfs mount{};
  if (fstatvfs(directory.get(), &mount) != 0) return errno_trouble(path, errno);
  if ((mount.f_flag & ST_RDONLY) != 0) return errno_trouble(path, EROFS);
  if (runs_code && (mount.f_flag & ST_NOEXEC) != 0)
    return trouble(TroubleKind::kNoDirectory, path + " is mounted noexec");
  return {};
}

Outcome<> TargetRoot::install(const std::string& directory, const std::string& folder,
                              const std::string& name, std::string_view content) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return std::unexpected(user.error());
  const std::string shown = fmt::format("{}/{}", directory, folder);
  const UniqueFd above(open(directory, O_PATH | O_DIRECTORY));
  if (!above.valid()) return errno_trouble(directory, errno);
  if (mkdirat(above.get(), folder.c_str(), 0755) != 0 && errno != EEXIST) return errno_trouble(shown, errno);
  const UniqueFd inner(openat(above.get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner.valid()) return errno_trouble(shown, errno);
  struct stat status{};
  if (fstat(inner.get(), &status) != 0) return errno_trouble(shown, errno);
  if (!is_trusted(status.st_uid) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return trouble(TroubleKind::kNoDirectory, shown + " is there already, and others may write to it");

  const UniqueFd old(openat(inner.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (old.valid()) {
    const auto there = read_whole(old.get(), content.size(), shown);
    if (there && *there == content) return {};
    return trouble(TroubleKind::kNoDirectory,
                   fmt::format("file {}/{} already exists and is different", shown, name));
  }
  if (errno != ENOENT) return errno_trouble(shown, errno);
  // Whole or not at all, also for another one who installs it at the same time.
  const std::string draft = fmt::format("{}.{}", name, gettid());
  (void)unlinkat(inner.get(), draft.c_str(), 0);
  UniqueFd file(
      openat(inner.get(), draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755));
  if (!file.valid()) return errno_trouble(shown, errno);
  const bool written =
      write_whole(file.get(), content) && fchmod(file.get(), 0755) == 0 && fchmod(inner.get(), 0755) == 0;
  file.reset();
  if (written && renameat(inner.get(), draft.c_str(), inner.get(), name.c_str()) == 0) return {};
  const int error = errno;
  (void)unlinkat(inner.get(), draft.c_str(), 0);
  return errno_trouble(shown, error);
}

Outcome<std::string> TargetRoot::read(const std::string& path, std::uint64_t limit_bytes) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return std::unexpected(user.error());
  const UniqueFd file(open(path, O_RDONLY | O_NONBLOCK));
  if (!file.valid()) {
    if (errno == ELOOP || errno == EXDEV)
      return trouble(TroubleKind::kRecordingRefused, path + " is a link, which is not followed");
    return errno_trouble(path, errno);
  }
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return errno_trouble(path, errno);
  if (!S_ISREG(status.st_mode) || status.st_uid != uid_)
    return trouble(TroubleKind::kRecordingRefused, path + " is not a file of the JVM's user");
  return read_whole(file.get(), limit_bytes, path);
}

void TargetRoot::remove(const std::string& path) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return;
  const UniqueFd directory(open(parent_of(path), O_PATH | O_DIRECTORY));
  if (directory.valid()) (void)unlinkat(directory.get(), name_of(path).c_str(), 0);
}

std::vector<TargetRoot::Entry> TargetRoot::list(const std::string& directory, std::string_view prefix) const {
  std::vector<Entry> found;
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return found;
  const int fd = open(directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return found;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(fd), &closedir);
  while (const dirent* entry = readdir(entries.get())) {
    struct stat status{};
    if (!std::string_view(entry->d_name).starts_with(prefix)) continue;
    if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_uid != uid_) continue;
    found.push_back(
        {entry->d_name, UnixNanos{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec});
  }
  return found;
}

Outcome<UniqueFd> TargetRoot::socket(const std::string& path) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return std::unexpected(user.error());
  UniqueFd found(open(path, O_PATH | O_NOFOLLOW));
  if (!found.valid()) return errno_trouble(path, errno);
  struct stat status{};
  if (fstat(found.get(), &status) != 0) return errno_trouble(path, errno);
  if (!S_ISSOCK(status.st_mode) || status.st_uid != uid_)
    return trouble(TroubleKind::kNoAnswer, path + " is not a socket of the JVM's user");
  return found;
}

bool TargetRoot::create_empty(const std::string& path) const {
  const auto user = AsUser::become(uid_, gid_);
  if (!user) return false;
  const UniqueFd file(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return file.valid() || errno == EEXIST;
}

}  // namespace invar::java
