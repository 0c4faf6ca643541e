#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "fs/filesystem.h"

namespace invar::fs {
namespace {

std::unexpected<Error> failed(std::string_view call, std::string_view path) {
  const int saved = errno;
  return std::unexpected(errno_error(fmt::format("{} {}", call, path), saved));
}

Stat to_stat(const struct stat& st) {
  return Stat{
      .size_bytes = static_cast<std::uint64_t>(st.st_size),
      .disk_bytes = static_cast<std::uint64_t>(st.st_blocks) * 512,
      .mtime_unix_ns = st.st_mtim.tv_sec * UnixNanos{1'000'000'000} + st.st_mtim.tv_nsec,
      .inode = st.st_ino,
      .is_directory = S_ISDIR(st.st_mode),
      .is_regular = S_ISREG(st.st_mode),
  };
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return failed("write", path_);
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
    std::string out;
    std::size_t have = 0;
    int error = 0;
    // Not cleared first: bodies of profiles are large.
    out.resize_and_overwrite(size, [&](char* bytes, std::size_t) {
      while (have < size) {
        const ssize_t got = ::pread(fd_.get(), bytes + have, size - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) error = errno;
        if (got <= 0) break;
        have += static_cast<std::size_t>(got);
      }
      return have;
    });
    if (error != 0) {
      errno = error;
      return failed("read", path_);
    }
    return out;
  }

  Result<> sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return failed("sync", path_);
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return failed("truncate", path_);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat st{};
    if (::fstat(fd_.get(), &st) != 0) return failed("stat", path_);
    return static_cast<std::uint64_t>(st.st_size);
  }

  Result<> close() override {
    if (!fd_.valid()) return {};
    // Linux releases the descriptor whatever close() answers.
    if (::close(fd_.release()) != 0 && errno != EINTR) return failed("close", path_);
    return {};
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, unsigned permissions) override {
    int flags = O_CLOEXEC | O_NOCTTY;
    switch (mode) {
      case OpenMode::kRead:
        flags |= O_RDONLY;
        break;
      case OpenMode::kCreateNew:
        flags |= O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;
        break;
      case OpenMode::kAppend:
        flags |= O_RDWR | O_APPEND | O_CREAT;
        break;
    }
    INVAR_ASSIGN_OR_RETURN(UniqueFd fd, open_fd(path, flags, permissions));
    return std::make_unique<PosixFile>(std::move(fd), path);
  }

  Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) override {
    INVAR_ASSIGN_OR_RETURN(const UniqueFd fd, open_fd(path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0));
    struct stat st{};
    if (::fstat(fd.get(), &st) != 0) return failed("stat", path);
    // Files of /proc and pipes have no size: read until the end, whatever stat says.
    std::string out;
    std::size_t chunk =
        std::max<std::size_t>(4096, S_ISREG(st.st_mode) ? static_cast<std::size_t>(st.st_size) + 1 : 0);
    for (;;) {
      // One byte beyond the limit tells a file that is too long from one that just fits.
      const std::uint64_t room = limit_bytes - out.size();
      if (chunk > room) chunk = static_cast<std::size_t>(room) + 1;
      const std::size_t have = out.size();
      out.resize(have + chunk);
      const ssize_t got = ::read(fd.get(), out.data() + have, chunk);
      const int saved = errno;
      out.resize(have + (got > 0 ? static_cast<std::size_t>(got) : 0));
      if (got < 0) {
        if (saved == EINTR) continue;
        errno = saved;
        return failed("read", path);
      }
      if (got == 0) return out;
      if (out.size() > limit_bytes) {
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("read {}: larger than {} bytes", path, limit_bytes));
      }
      chunk = std::max<std::size_t>(4096, out.size());
    }
  }

  Result<Stat> stat(const std::string& path) override {
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return failed("stat", path);
    return to_stat(st);
  }

  Result<std::vector<std::string>> list(const std::string& dir) override {
    std::error_code error;
    std::filesystem::directory_iterator entry(dir, error);
    std::vector<std::string> names;
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return std::unexpected(errno_error("list " + dir, error.value()));
    return names;
  }

  Result<> visit(const std::string& dir,
                 const std::function<bool(std::string_view name, EntryKind kind)>& each) override {
    const std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })> stream(::opendir(dir.c_str()));
    if (!stream) return failed("list", dir);
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      unsigned char type = entry->d_type;
      if (type == DT_UNKNOWN) {  // some file systems do not say
        struct stat st{};
        if (::fstatat(::dirfd(stream.get()), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        type = S_ISREG(st.st_mode) ? DT_REG : S_ISDIR(st.st_mode) ? DT_DIR : DT_LNK;
      }
      const EntryKind kind = type == DT_REG   ? EntryKind::kRegular
                             : type == DT_DIR ? EntryKind::kDirectory
                                              : EntryKind::kOther;
      if (!each(name, kind)) return {};
    }
    if (errno != 0) return failed("list", dir);
    return {};
  }

  Result<> make_directories(const std::string& path, unsigned permissions) override {
    std::size_t end = 0;
    while (end < path.size()) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string part = path.substr(0, end);
      if (::mkdir(part.c_str(), permissions) == 0) continue;
      const int saved = errno;
      // A parent may be read-only and yet exist: look before complaining.
      struct stat st{};
      if (::stat(part.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) continue;
      errno = saved;
      return failed("create directory", part);
    }
    return {};
  }

  Result<> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename " + from + " to", to);
    return {};
  }

  Result<> remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return failed("remove", path);
    return {};
  }

  Result<> sync_directory(const std::string& path) override {
    INVAR_ASSIGN_OR_RETURN(const UniqueFd fd, open_fd(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
    if (::fsync(fd.get()) != 0) return failed("sync directory", path);
    return {};
  }

  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    INVAR_ASSIGN_OR_RETURN(UniqueFd fd, open_fd(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failed("lock", path);
      PosixFile holder(std::move(fd), path);
      const auto pid = parse_uint(trim_space(holder.read_at(0, 32).value_or("")));
      return fail(ErrorCode::kUnavailable, pid ? fmt::format("lock {}: in use by process {}", path, *pid)
                                               : fmt::format("lock {}: in use by another process", path));
    }
    auto file = std::make_unique<PosixFile>(std::move(fd), path);
    // For people only: a full disk must not keep us from taking the lock.
    if (file->truncate(0)) (void)file->append(fmt::format("{}\n", ::getpid()));
    return file;
  }

 private:
  static Result<UniqueFd> open_fd(const std::string& path, int flags, unsigned permissions) {
    int fd = -1;
    do {
      fd = ::open(path.c_str(), flags, permissions);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return failed("open", path);
    return UniqueFd(fd);
  }
};

}  // namespace

std::shared_ptr<FileSystem> posix() {
  static const auto shared = std::make_shared<PosixFileSystem>();
  return shared;
}

}  // namespace invar::fs
