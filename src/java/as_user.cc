#include "java/as_user.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace invar::java {
namespace {

constexpr unsigned kSame = ~0U;

bool set_groups(const std::vector<unsigned>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}
bool set_gid(unsigned gid) {
  return syscall(SYS_setresgid, kSame, gid, kSame) == 0;
}
bool set_uid(unsigned uid) {
  return syscall(SYS_setresuid, kSame, uid, kSame) == 0;
}

}  // namespace

Outcome<AsUser> AsUser::become(unsigned uid, unsigned gid) {
  const unsigned old_uid = geteuid(), old_gid = getegid();
  if (uid == old_uid && gid == old_gid) return AsUser();
  std::vector<unsigned> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
  groups.resize(
      static_cast<std::size_t>(std::max(getgroups(static_cast<int>(groups.size()), groups.data()), 0)));
  AsUser self(old_uid, old_gid, std::move(groups));
  if (set_groups({}) && set_gid(gid) && set_uid(uid)) return self;
  return errno_trouble(fmt::format("acting as user {}", uid), errno);
}

AsUser::AsUser(AsUser&& other) noexcept
    : old_uid_(other.old_uid_),
      old_gid_(other.old_gid_),
      old_groups_(std::move(other.old_groups_)),
      changed_(std::exchange(other.changed_, false)) {}

AsUser::~AsUser() {
  if (changed_) restore();
}

void AsUser::restore() {
  const bool back =
      (geteuid() == old_uid_ || set_uid(old_uid_)) && (getegid() == old_gid_ || set_gid(old_gid_));
  INVAR_CHECK(back, "a thread cannot become its own user again");
  (void)set_groups(old_groups_);  // refused to one who had not been allowed to change them, either
}

}  // namespace invar::java
