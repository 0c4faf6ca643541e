#include "http/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace invar::http {

FileLimit raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {256, 256, 256};
  constexpr rlim_t kPlenty = 1 << 20;
  const rlim_t hard = std::min(limit.rlim_max, kPlenty);
  FileLimit result{limit.rlim_cur, limit.rlim_cur, hard};
  if (limit.rlim_cur < hard) {
    limit.rlim_cur = hard;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) result.soft = hard;
  }
  return result;
}

std::uint64_t connection_budget(std::uint64_t file_limit) {
  return std::max<std::uint64_t>(16, file_limit - file_limit / 4);
}

}  // namespace invar::http
