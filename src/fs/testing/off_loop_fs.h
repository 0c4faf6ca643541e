// OffLoopFileSystem: a wrapper that notes every call made where none may block: on the loop, while a daemon serves.
// Shape:   auto files = OffLoopFileSystem::create(disk, [] { return async::testing::in_pool_work(); });
//          ... run ...; EXPECT_THAT(files->offences(), IsEmpty());
// Threads: safe when `may_block` is; calls on files opened through it are noted, too.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fs/filesystem.h"

namespace invar::fs::testing {

class OffLoopFileSystem : public FileSystem {
 public:
  // `may_block` says whether the calling code may wait for a disk.
  static std::shared_ptr<OffLoopFileSystem> create(std::shared_ptr<FileSystem> inner,
                                                   std::function<bool()> may_block);

  [[nodiscard]] virtual std::vector<std::string> offences() const = 0;  // "stat /etc/x", in order
  virtual void forget_offences() = 0;
};

}  // namespace invar::fs::testing
