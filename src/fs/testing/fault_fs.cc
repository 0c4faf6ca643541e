#include "fs/testing/fault_fs.h"

#include <algorithm>
#include <mutex>

namespace invar::fs::testing {
namespace {

std::string_view name_of(Operation operation) {
  switch (operation) {
    case Operation::kOpen:
      return "open";
    case Operation::kAppend:
      return "write";
    case Operation::kRead:
      return "read";
    case Operation::kSyncData:
      return "sync";
    case Operation::kTruncate:
      return "truncate";
    case Operation::kClose:
      return "close";
    case Operation::kStat:
      return "stat";
    case Operation::kList:
      return "list";
    case Operation::kMakeDirectories:
      return "create directory";
    case Operation::kRename:
      return "rename";
    case Operation::kRemove:
      return "remove";
    case Operation::kSyncDirectory:
      return "sync directory";
    case Operation::kLock:
      return "lock";
  }
  return "?";
}

class Plan {
 public:
  void inject(const Fault& fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    matched_ = 0;
    injected_ = false;
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    fault_.reset();
  }

  bool injected() const {
    const std::lock_guard lock(mutex_);
    return injected_;
  }

  std::uint64_t operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
  }

  // The error this operation must give, if any; `partial` is what an append may still write.
  std::optional<Error> next(Operation operation, const std::string& path, std::size_t* partial = nullptr) {
    const std::lock_guard lock(mutex_);
    ++operations_;
    if (!fault_) return std::nullopt;
    const bool broken = injected_ && fault_->stay_broken;
    if (!broken) {
      if (fault_->only && *fault_->only != operation) return std::nullopt;
      ++matched_;
      if (matched_ < fault_->at || matched_ - fault_->at >= fault_->times) return std::nullopt;
      if (partial != nullptr) *partial = fault_->write_first_bytes;
      injected_ = true;
    }
    return Error{fault_->code, std::string(name_of(operation)) + " " + path + ": injected fault (" +
                                   std::string(to_string(fault_->code)) + ")"};
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::uint64_t matched_ = 0;
  std::uint64_t operations_ = 0;
  bool injected_ = false;
};

class FaultFile final : public File {
 public:
  FaultFile(std::unique_ptr<File> inner, std::string path, std::shared_ptr<Plan> plan)
      : inner_(std::move(inner)), path_(std::move(path)), plan_(std::move(plan)) {}

  Result<> append(std::string_view bytes) override {
    std::size_t partial = 0;
    if (auto error = plan_->next(Operation::kAppend, path_, &partial)) {
      if (partial > 0) (void)inner_->append(bytes.substr(0, std::min(partial, bytes.size())));
      return std::unexpected(std::move(*error));
    }
    return inner_->append(bytes);
  }
  Result<std::string> read_at(std::uint64_t offset, std::size_t size) override {
    if (auto error = plan_->next(Operation::kRead, path_)) return std::unexpected(std::move(*error));
    return inner_->read_at(offset, size);
  }
  Result<> sync_data() override {
    if (auto error = plan_->next(Operation::kSyncData, path_)) return std::unexpected(std::move(*error));
    return inner_->sync_data();
  }
  Result<> truncate(std::uint64_t size) override {
    if (auto error = plan_->next(Operation::kTruncate, path_)) return std::unexpected(std::move(*error));
    return inner_->truncate(size);
  }
  Result<std::uint64_t> size() override {
    if (auto error = plan_->next(Operation::kStat, path_)) return std::unexpected(std::move(*error));
    return inner_->size();
  }
  Result<> close() override {
    if (auto error = plan_->next(Operation::kClose, path_)) {
      (void)inner_->close();
      return std::unexpected(std::move(*error));
    }
    return inner_->close();
  }

 private:
  std::unique_ptr<File> inner_;
  std::string path_;
  std::shared_ptr<Plan> plan_;
};

class FaultFileSystemImpl final : public FaultFileSystem {
 public:
  explicit FaultFileSystemImpl(std::shared_ptr<FileSystem> inner) : inner_(std::move(inner)) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode, unsigned permissions) override {
    if (auto error = plan_->next(Operation::kOpen, path)) return std::unexpected(std::move(*error));
    return wrap(inner_->open(path, mode, permissions), path);
  }
  Result<std::string> read_file(const std::string& path, std::uint64_t limit_bytes) override {
    if (auto error = plan_->next(Operation::kRead, path)) return std::unexpected(std::move(*error));
    return inner_->read_file(path, limit_bytes);
  }
  Result<Stat> stat(const std::string& path) override {
    if (auto error = plan_->next(Operation::kStat, path)) return std::unexpected(std::move(*error));
    return inner_->stat(path);
  }
  Result<std::vector<std::string>> list(const std::string& dir) override {
    if (auto error = plan_->next(Operation::kList, dir)) return std::unexpected(std::move(*error));
    return inner_->list(dir);
  }
  Result<> make_directories(const std::string& path, unsigned permissions) override {
    if (auto error = plan_->next(Operation::kMakeDirectories, path))
      return std::unexpected(std::move(*error));
    return inner_->make_directories(path, permissions);
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    if (auto error = plan_->next(Operation::kRename, from)) return std::unexpected(std::move(*error));
    return inner_->rename(from, to);
  }
  Result<> remove(const std::string& path) override {
    if (auto error = plan_->next(Operation::kRemove, path)) return std::unexpected(std::move(*error));
    return inner_->remove(path);
  }
  Result<> sync_directory(const std::string& path) override {
    if (auto error = plan_->next(Operation::kSyncDirectory, path)) return std::unexpected(std::move(*error));
    return inner_->sync_directory(path);
  }
  Result<std::unique_ptr<File>> lock(const std::string& path) override {
    if (auto error = plan_->next(Operation::kLock, path)) return std::unexpected(std::move(*error));
    return wrap(inner_->lock(path), path);
  }

  void inject(const Fault& fault) override { plan_->inject(fault); }
  void clear() override { plan_->clear(); }
  bool injected() const override { return plan_->injected(); }
  std::uint64_t operations() const override { return plan_->operations(); }

 private:
  Result<std::unique_ptr<File>> wrap(Result<std::unique_ptr<File>> opened, const std::string& path) {
    if (!opened) return opened;
    return std::make_unique<FaultFile>(std::move(*opened), path, plan_);
  }

  std::shared_ptr<FileSystem> inner_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
};

}  // namespace

std::shared_ptr<FaultFileSystem> FaultFileSystem::create(std::shared_ptr<FileSystem> inner) {
  return std::make_shared<FaultFileSystemImpl>(std::move(inner));
}

}  // namespace invar::fs::testing
