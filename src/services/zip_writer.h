// ZipWriter: a ZIP archive in memory, entry by entry, in the order added; deflated where that is smaller.
// Errors:  kResourceExhausted where the plain format ends (65535 entries, 4 GiB); no ZIP64.
// Threads: any, one at a time. Compresses: use it on the worker pool for more than a few kilobytes.
// Source:  PKWARE APPNOTE 6.3, sections 4.3 and 4.4; names are marked as UTF-8 when they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace invar::services {

class ZipWriter {
 public:
  explicit ZipWriter(UnixNanos modified_unix_ns);  // of every entry, written in UTC

  Result<> add(std::string_view name, std::string_view data);
  // The archive; the writer is empty afterwards.
  Result<std::string> finish();

 private:
  std::uint16_t dos_time_ = 0, dos_date_ = 0;
  std::string out_;
  std::string directory_;
  std::size_t entries_ = 0;
};

}  // namespace invar::services
