// The limit of open files: every idle connection to a target holds one.
#pragma once

#include <cstdint>

namespace invar::http {

struct FileLimit {
  std::uint64_t before = 0;  // soft limit as found
  std::uint64_t soft = 0;    // in force now
  std::uint64_t hard = 0;
};

// Raises the soft limit to the hard one (to one million where the hard one is unlimited). Calling it again changes nothing.
FileLimit raise_file_limit();

// How many of them may be connections to targets and endpoints: a quarter stays for files, servers and everything else.
std::uint64_t connection_budget(std::uint64_t file_limit);

}  // namespace invar::http
