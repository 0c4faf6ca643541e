#include "fs/testing/memory_fs.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <set>

#include "base/check.h"

namespace invar::fs::testing {
namespace {

struct Inode {
  std::uint64_t number = 0;
  bool is_directory = false;
  std::string bytes;
  std::string synced;
  UnixNanos mtime_unix_ns = 0;
};

using InodePtr = std::shared_ptr<Inode>;

struct Disk {
  mutable std::mutex mutex;
  std::map<std::string, InodePtr> names;
  std::map<std::string, InodePtr> synced_names;
  std::set<std::string> locks;
  std::uint64_t capacity_bytes = UINT64_MAX;
  std::uint64_t used_bytes = 0;
  std::uint64_t generation = 0;  // counts power cuts
  std::uint64_t next_inode = 1;
  UnixNanos ticks = 0;
  std::function<UnixNanos()> unix_ns;

  UnixNanos time() { return unix_ns ? unix_ns() : ++ticks * 1'000'000'000; }
};

std::string normal(const std::string& path) {
  std::string out = path;
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::unexpected<Error> failed(std::string_view call, const std::string& path, int errno_value) {
  return std::unexpected(errno_error(std::string(call) + " " + path, errno_value));
}

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<Disk> disk, InodePtr inode, std::string path, bool writable, bool is_lock)
      : disk_(std::move(disk)),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable),
        is_lock_(is_lock),
        generation_(disk_->generation) {}

  ~MemoryFile() override { (void)close(); }

  Result<> append(std::string_view bytes) override {
    const std::lock_guard lock(disk_->mutex);
    INVAR_TRY(usable("write"));
    if (!writable_) return failed("write", path_, EBADF);
    const std::uint64_t room = disk_->capacity_bytes - std::min(disk_->capacity_bytes, disk_->used_bytes);
    const std::string_view fits =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size())));
    inode_->bytes.append(fits);
    inode_->mtime_unix_ns = disk_->time();
    disk_->used_bytes += fits.size();
    if (fits.size() < bytes.size()) return failed("write", path_, ENOSPC);
    return {};
  }

  Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
    const std::lock_guard lock(disk_->mutex);
    INVAR_TRY(usable("read"));
    if (offset >= inode_->bytes.size()) return std::string();
    return inode_->bytes.substr(static_cast<std::size_t>(offset), size);
  }

  Result<> sync_data() override {
    const std::lock_guard lock(disk_->mutex);
    INVAR_TRY(usable("sync"));
    inode_->synced = inode_->bytes;
    return {};
  }

  Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_->mutex);
    INVAR_TRY(usable("truncate"));
    if (!writable_) return failed("truncate", path_, EINVAL);
    disk_->used_bytes -= inode_->bytes.size();
    inode_->bytes.resize(static_cast<std::size_t>(size));
    disk_->used_bytes += inode_->bytes.size();
    inode_->mtime_unix_ns = disk_->time();
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(disk_->mutex);
    INVAR_TRY(usable("stat"));
    return inode_->bytes.size();
  }

  Result<> close() override {
    const std::lock_guard lock(disk_->mutex);
    if (closed_) return {};
    closed_ = true;
    if (is_lock_ && generation_ == disk_->generation) disk_->locks.erase(path_);
    return {};
  }

 private:
  Result<> usable(std::string_view call) const {
    if (closed_) return failed(call, path_, EBADF);
    if (generation_ != disk_->generation) return failed(call, path_, ESTALE);
    return {};
  }

  const std::shared_ptr<Disk> disk_;
  const InodePtr inode_;
  const std::string path_;
  const bool writable_;
  const bool is_lock_;
  const std::uint64_t generation_;
  bool closed_ = false;
};

class MemoryFileSystemImpl final : public MemoryFileSystem {
 public:
  explicit MemoryFileSystemImpl(Options options) : disk_(std::make_shared<Disk>()) {
    disk_->capacity_bytes = options.capacity_bytes;
    disk_->unix_ns = std::move(options.unix_ns);
    for (const char* root : {"/", "."}) {
      disk_->names[root] = new_inode(true);
      disk_->synced_names[root] = disk_->names[root];
    }
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, unsigned) override {
    const std::lock_guard lock(disk_->mutex);
    return open_locked(path, mode, false);
  }

  Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) override {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = find(path);
    if (!inode) return failed("open", path, ENOENT);
    if (inode->is_directory) return failed("read", path, EISDIR);
    if (inode->bytes.size() > limit_bytes) {
      return fail(ErrorCode::kResourceExhausted,
                  "read " + path + ": larger than " + std::to_string(limit_bytes) + " bytes");
    }
    return inode->bytes;
  }

  Result<Stat> stat(const std::string& path) override {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = find(path);
    if (!inode) return failed("stat", path, ENOENT);
    return Stat{
        .size_bytes = inode->bytes.size(),
        .disk_bytes = (inode->bytes.size() + 511) / 512 * 512,
        .mtime_unix_ns = inode->mtime_unix_ns,
        .inode = inode->number,
        .is_directory = inode->is_directory,
        .is_regular = !inode->is_directory,
    };
  }

  Result<std::vector<std::string>> list(const std::string& dir) override {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = find(dir);
    if (!inode) return failed("list", dir, ENOENT);
    if (!inode->is_directory) return failed("list", dir, ENOTDIR);
    std::vector<std::string> out;
    for (const auto& [path, unused] : disk_->names) {
      if (is_child(normal(dir), path)) out.push_back(path.substr(path.rfind('/') + 1));
    }
    return out;
  }

  Result<> make_directories(const std::string& path, unsigned) override {
    const std::lock_guard lock(disk_->mutex);
    const std::string whole = normal(path);
    std::size_t end = 0;
    while (end < whole.size()) {
      end = std::min(whole.find('/', end + 1), whole.size());
      const std::string part = whole.substr(0, end);
      const InodePtr known = find(part);
      if (known && !known->is_directory) return failed("create directory", part, EEXIST);
      if (!known) disk_->names[part] = new_inode(true);
    }
    return {};
  }

  Result<> rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = find(from);
    if (!inode) return failed("rename " + from + " to", to, ENOENT);
    const InodePtr parent = find(parent_of(normal(to)));
    if (!parent || !parent->is_directory) return failed("rename " + from + " to", to, ENOENT);
    const std::string old_path = normal(from);
    const std::string new_path = normal(to);
    if (old_path == new_path) return {};
    if (const InodePtr replaced = find(new_path)) {
      if (replaced->is_directory != inode->is_directory) return failed("rename " + from + " to", to, EISDIR);
      forget(replaced);
    }
    disk_->names[new_path] = inode;
    disk_->names.erase(old_path);
    if (inode->is_directory) move_children(old_path, new_path);
    return {};
  }

  Result<> remove(const std::string& path) override {
    const std::lock_guard lock(disk_->mutex);
    const std::string name = normal(path);
    const InodePtr inode = find(name);
    if (!inode) return failed("remove", path, ENOENT);
    if (inode->is_directory) {
      for (const auto& [other, unused] : disk_->names) {
        if (is_child(name, other)) return failed("remove", path, ENOTEMPTY);
      }
    }
    forget(inode);
    disk_->names.erase(name);
    return {};
  }

  Result<> sync_directory(const std::string& path) override {
    const std::lock_guard lock(disk_->mutex);
    const std::string dir = normal(path);
    const InodePtr inode = find(dir);
    if (!inode) return failed("sync directory", path, ENOENT);
    if (!inode->is_directory) return failed("sync directory", path, ENOTDIR);
    std::erase_if(disk_->synced_names, [&](const auto& entry) {
      return is_child(dir, entry.first) && !disk_->names.contains(entry.first);
    });
    for (const auto& [name, child] : disk_->names) {
      if (is_child(dir, name)) disk_->synced_names[name] = child;
    }
    return {};
  }

  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    const std::lock_guard guard(disk_->mutex);
    if (disk_->locks.contains(path)) {
      return fail(ErrorCode::kUnavailable, "lock " + path + ": in use by another process");
    }
    auto file = open_locked(path, OpenMode::kAppend, true);
    if (file) disk_->locks.insert(path);
    return file;
  }

  void set_capacity(std::uint64_t bytes) override {
    const std::lock_guard lock(disk_->mutex);
    disk_->capacity_bytes = bytes;
  }

  std::uint64_t used_bytes() const override {
    const std::lock_guard lock(disk_->mutex);
    return disk_->used_bytes;
  }

  void power_cut(const Survivors& survivors, bool keep_names) override {
    const std::lock_guard lock(disk_->mutex);
    ++disk_->generation;
    disk_->locks.clear();
    if (keep_names) disk_->synced_names = disk_->names;
    drop_orphans();
    disk_->names = disk_->synced_names;
    disk_->used_bytes = 0;
    for (const auto& [path, inode] : disk_->names) {
      if (inode->is_directory) continue;
      std::string kept = inode->synced;
      const bool only_grew = inode->bytes.starts_with(inode->synced);
      if (survivors && only_grew) {
        const std::size_t unsynced = inode->bytes.size() - inode->synced.size();
        kept.append(inode->bytes, inode->synced.size(), std::min(unsynced, survivors(path, unsynced)));
      }
      inode->bytes = kept;
      inode->synced = std::move(kept);
      disk_->used_bytes += inode->bytes.size();
    }
  }

  void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_->mutex);
    const InodePtr inode = find(path);
    INVAR_CHECK(inode && offset + bytes.size() <= inode->bytes.size(), path);
    for (std::string* copy : {&inode->bytes, &inode->synced}) {
      if (offset + bytes.size() <= copy->size())
        copy->replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
    }
  }

 private:
  InodePtr new_inode(bool is_directory) {
    auto inode = std::make_shared<Inode>();
    inode->number = disk_->next_inode++;
    inode->is_directory = is_directory;
    inode->mtime_unix_ns = disk_->time();
    return inode;
  }

  InodePtr find(const std::string& path) const {
    const auto found = disk_->names.find(normal(path));
    return found == disk_->names.end() ? nullptr : found->second;
  }

  static bool is_child(const std::string& dir, const std::string& path) {
    return path != dir && path != "/" && path != "." && parent_of(path) == dir;
  }

  Result<std::unique_ptr<File>> open_locked(const std::string& path, OpenMode mode, bool is_lock) {
    const std::string name = normal(path);
    InodePtr inode = find(name);
    if (inode && inode->is_directory && mode != OpenMode::kRead) return failed("open", path, EISDIR);
    if (inode && mode == OpenMode::kCreateNew) return failed("open", path, EEXIST);
    if (!inode) {
      if (mode == OpenMode::kRead) return failed("open", path, ENOENT);
      const InodePtr parent = find(parent_of(name));
      if (!parent) return failed("open", path, ENOENT);
      if (!parent->is_directory) return failed("open", path, ENOTDIR);
      inode = new_inode(false);
      disk_->names[name] = inode;
    }
    return std::make_unique<MemoryFile>(disk_, std::move(inode), path, mode != OpenMode::kRead, is_lock);
  }

  // The bytes of a removed file come back at once; a handle that is still open is not charged for.
  void forget(const InodePtr& inode) { disk_->used_bytes -= inode->bytes.size(); }

  void move_children(const std::string& from, const std::string& to) {
    std::map<std::string, InodePtr> moved;
    for (auto it = disk_->names.begin(); it != disk_->names.end();) {
      if (it->first.starts_with(from + "/")) {
        moved[to + it->first.substr(from.size())] = it->second;
        it = disk_->names.erase(it);
      } else {
        ++it;
      }
    }
    disk_->names.merge(moved);
  }

  // A synced name below a folder whose own name was never synced is unreachable.
  void drop_orphans() {
    for (bool again = true; again;) {
      again = std::erase_if(disk_->synced_names, [&](const auto& entry) {
                return entry.first != "/" && entry.first != "." &&
                       !disk_->synced_names.contains(parent_of(entry.first));
              }) > 0;
    }
  }

  std::shared_ptr<Disk> disk_;
};

}  // namespace

std::shared_ptr<MemoryFileSystem> MemoryFileSystem::create(Options options) {
  return std::make_shared<MemoryFileSystemImpl>(std::move(options));
}

}  // namespace invar::fs::testing
