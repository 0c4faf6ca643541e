// What the commands of `invar archive` work with: the disk, where they print, the time, how many threads.
// Commands return an exit status: 0; 1 when something was wrong with some file, said on `warn`. What makes a
// command impossible is an Error.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "fs/filesystem.h"

namespace invar::archive_tool {

struct Environment {
  std::shared_ptr<fs::FileSystem> files;
  std::function<void(std::string_view)> print;  // to standard output, as it is
  std::function<void(std::string_view)> warn;   // one line to standard error
  std::size_t columns = 0;  // of the terminal that print() leads to; 0: it leads elsewhere
  // The one line that stays at the bottom of the terminal of standard error, "" to clear it. error_columns 0: it
  // is no terminal, and status() is not called.
  std::function<void(std::string_view)> status;
  std::size_t error_columns = 0;
  UnixNanos now_unix_ns = 0;
  unsigned threads = 1;
};

}  // namespace invar::archive_tool
