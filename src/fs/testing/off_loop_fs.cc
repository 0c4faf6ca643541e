#include "fs/testing/off_loop_fs.h"

#include <mutex>
#include <utility>

namespace invar::fs::testing {
namespace {

class Notes {
 public:
  explicit Notes(std::function<bool()> may_block) : may_block_(std::move(may_block)) {}

  void called(std::string_view operation, const std::string& path) {
    if (may_block_()) return;
    const std::lock_guard lock(mutex_);
    offences_.push_back(std::string(operation) + " " + path);
  }
  std::vector<std::string> offences() const {
    const std::lock_guard lock(mutex_);
    return offences_;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    offences_.clear();
  }

 private:
  const std::function<bool()> may_block_;
  mutable std::mutex mutex_;
  std::vector<std::string> offences_;
};

class OffLoopFile final : public File {
 public:
  OffLoopFile(std::unique_ptr<File> inner, std::string path, std::shared_ptr<Notes> notes)
      : inner_(std::move(inner)), path_(std::move(path)), notes_(std::move(notes)) {}

  Result<> append(std::string_view bytes) override {
    notes_->called("append", path_);
    return inner_->append(bytes);
  }
  Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
    notes_->called("read", path_);
    return inner_->read_at(offset, size);
  }
  Result<> sync_data() override {
    notes_->called("sync", path_);
    return inner_->sync_data();
  }
  Result<> truncate(std::uint64_t size) override {
    notes_->called("truncate", path_);
    return inner_->truncate(size);
  }
  Result<std::uint64_t> size() override {
    notes_->called("size", path_);
    return inner_->size();
  }
  Result<> close() override {
    notes_->called("close", path_);
    return inner_->close();
  }

 private:
  std::unique_ptr<File> inner_;
  const std::string path_;
  std::shared_ptr<Notes> notes_;
};

class OffLoopFileSystemImpl final : public OffLoopFileSystem {
 public:
  OffLoopFileSystemImpl(std::shared_ptr<FileSystem> inner, std::function<bool()> may_block)
      : inner_(std::move(inner)), notes_(std::make_shared<Notes>(std::move(may_block))) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, unsigned permissions) override {
    notes_->called("open", path);
    return wrap(inner_->open(path, mode, permissions), path);
  }
  Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) override {
    notes_->called("read_file", path);
    return inner_->read_file(path, limit_bytes);
  }
  Result<Stat> stat(const std::string& path) override {
    notes_->called("stat", path);
    return inner_->stat(path);
  }
  Result<std::vector<std::string>> list(const std::string& dir) override {
    notes_->called("list", dir);
    return inner_->list(dir);
  }
  Result<> make_directories(const std::string& path, unsigned permissions) override {
    notes_->called("make_directories", path);
    return inner_->make_directories(path, permissions);
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    notes_->called("rename", from);
    return inner_->rename(from, to);
  }
  Result<> remove(const std::string& path) override {
    notes_->called("remove", path);
    return inner_->remove(path);
  }
  Result<> sync_directory(const std::string& path) override {
    notes_->called("sync_directory", path);
    return inner_->sync_directory(path);
  }
  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    notes_->called("lock", path);
    return wrap(inner_->lock(path), path);
  }

  std::vector<std::string> offences() const override { return notes_->offences(); }
  void forget_offences() override { notes_->forget(); }

 private:
  Result<std::unique_ptr<File>> wrap(Result<std::unique_ptr<File>> opened, const std::string& path) {
    if (!opened) return opened;
    return std::make_unique<OffLoopFile>(std::move(*opened), path, notes_);
  }

  std::shared_ptr<FileSystem> inner_;
  std::shared_ptr<Notes> notes_;
};

}  // namespace

std::shared_ptr<OffLoopFileSystem> OffLoopFileSystem::create(std::shared_ptr<FileSystem> inner,
                                                             std::function<bool()> may_block) {
  return std::make_shared<OffLoopFileSystemImpl>(std::move(inner), std::move(may_block));
}

}  // namespace invar::fs::testing
