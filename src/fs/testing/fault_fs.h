// FaultFileSystem: a wrapper that counts operations and fails chosen ones: ENOSPC, EIO on write, sync or rename, short writes, torn
// last blocks, and "the process died here" (everything after fails).
// Shape:   auto fs = FaultFileSystem::create(memory); fs->inject({.at = 7, .code = ErrorCode::kResourceExhausted});
//          loop over `at` until a run ends with !fs->injected(): every operation has then failed once.
// Threads: safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "fs/filesystem.h"

namespace invar::fs::testing {

enum class Operation {
  kOpen,
  kAppend,
  kRead,
  kSyncData,
  kTruncate,
  kClose,
  kStat,
  kList,
  kMakeDirectories,
  kRename,
  kRemove,
  kSyncDirectory,
  kLock,
};

struct Fault {
  std::uint64_t at = 1;  // the n-th operation from now on, of kind `only` if given
  std::optional<Operation> only;
  ErrorCode code = ErrorCode::kDataLoss;  // EIO
  // For appends: this many bytes of the block (at most all of it) reach the file before the error.
  std::size_t write_first_bytes = 0;
  std::uint64_t times = 1;   // so many matching operations in a row fail
  bool stay_broken = false;  // from then on everything fails: a killed process, a vanished disk
};

class FaultFileSystem : public FileSystem {
 public:
  static std::shared_ptr<FaultFileSystem> create(std::shared_ptr<FileSystem> inner);

  virtual void inject(const Fault& fault) = 0;  // replaces the previous one and restarts its count
  virtual void clear() = 0;
  [[nodiscard]] virtual bool injected() const = 0;  // the fault has happened
  [[nodiscard]] virtual std::uint64_t operations() const = 0;
};

}  // namespace invar::fs::testing
