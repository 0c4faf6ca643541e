// AsUser: this thread acts as another user until the end of the scope, for what is done in the file system of a process that is not
// trusted, and for its socket, which looks at who connects. Only the calling thread changes (the system calls themselves; libc's
// functions would change all threads). Nothing changes when it is us already.
// Errors:  kNoPermission.   Lifetime: on one thread, properly nested; what cannot be undone ends the program.
#pragma once

#include <vector>

#include "java/trouble.h"

namespace invar::java {

class AsUser {
 public:
  static Outcome<AsUser> become(unsigned uid, unsigned gid);
  AsUser(AsUser&& other) noexcept;
  AsUser& operator=(AsUser&&) = delete;
  ~AsUser();

 private:
  AsUser(unsigned uid, unsigned gid, std::vector<unsigned> groups)
      : old_uid_(uid), old_gid_(gid), old_groups_(std::move(groups)), changed_(true) {}
  AsUser() = default;
  void restore();

  unsigned old_uid_ = 0, old_gid_ = 0;
  std::vector<unsigned> old_groups_;
  bool changed_ = false;
};

}  // namespace invar::java
