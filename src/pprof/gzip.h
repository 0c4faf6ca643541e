// gzip in and out. Several members are read as one body. How: docs/internals/gunzip.md.
// Limits:  inflating stops at `limit_bytes` of output (the bomb guard); the stored size is only a hint.
// Errors:  kDataLoss with what is wrong (`truncated gzip`, `wrong CRC` ...), also for bytes behind the last
//          member, as Pyroscope's server has it; kResourceExhausted at the limit.
// Threads: any; the objects hold scratch and belong to one worker. The libraries stay in this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::pprof {

inline bool is_gzip(std::string_view body) {
  return body.size() >= 2 && body[0] == '\x1f' && body[1] == '\x8b';
}

// What `body` says it has unpacked, its own size if it is not gzip. Nothing has checked it.
std::uint64_t claimed_size(std::string_view body);

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Result<> gunzip(std::string_view in, std::uint64_t limit_bytes, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a Deflater is tuned for. Every kind writes any bytes; only time and size differ.
enum class DeflateFor {
  kAnything,
  kDeltas,  // a fixed table trained on deltas: less time for 1 to 6 percent more bytes
};

class Deflater {
 public:
  explicit Deflater(DeflateFor what = DeflateFor::kAnything);
  ~Deflater();
  void gzip(std::string_view in, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::pprof
