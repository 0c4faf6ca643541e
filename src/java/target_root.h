// TargetRoot: the file system as a process sees it, used without trusting what is in it. Every path is resolved below the process's root
// by the kernel (openat2), and none that has a link in it is followed. All calls are made as the process's user (AsUser).
// Errors:  errno_trouble(); kRecordingRefused with what is wrong with a file.
// Threads: pool only, one at a time.   Source: pyroscope-java.md 5.3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"
#include "java/process.h"
#include "java/trouble.h"

namespace invar::java {

class TargetRoot {
 public:
  static Outcome<TargetRoot> of(const Process& process, const ProcessFacts& facts);

  // A directory in which our files are safe from users other than its own and root: writable for it, and when others may write there,
  // sticky. `runs_code`: not mounted noexec, either.
  [[nodiscard]] Outcome<> check_directory(const std::string& path, bool runs_code) const;

  // Puts `content` to <directory>/<folder>/<name>, 0755. Nothing is written when it is there already; another content is an error.
  [[nodiscard]] Outcome<> install(const std::string& directory, const std::string& folder,
                                  const std::string& name, std::string_view content) const;

  // A regular file of the process's user, and not larger than the limit.
  [[nodiscard]] Outcome<std::string> read(const std::string& path, std::uint64_t limit_bytes) const;
  void remove(const std::string& path) const;

  struct Entry {
    std::string name;
    UnixNanos modified_unix_ns = 0;
  };
  [[nodiscard]] std::vector<Entry> list(const std::string& directory, std::string_view prefix) const;

  // O_PATH: a socket of the process's user.
  [[nodiscard]] Outcome<UniqueFd> socket(const std::string& path) const;
  // An empty file for its user to find; true when it is there.
  [[nodiscard]] bool create_empty(const std::string& path) const;

 private:
  TargetRoot(UniqueFd root, unsigned uid, unsigned gid, unsigned root_uid)
      : root_(std::move(root)), uid_(uid), gid_(gid), root_uid_(root_uid) {}
  [[nodiscard]] int open(const std::string& path, std::uint64_t flags, std::uint64_t mode = 0) const;
  [[nodiscard]] bool is_trusted(unsigned uid) const;

  UniqueFd root_;
  unsigned uid_, gid_, root_uid_;
};

}  // namespace invar::java
