// gzip in and out. Several members are read as one body. How: docs/internals/gunzip.md.
// Limits:  inflating stops at `limit_bytes` of output (the bomb guard); the stored size is only a hint.
// Errors:  kDataLoss with what is wrong (`truncated gzip`, `wrong CRC` ...), also for bytes behind the last
//          member, as Pyroscope's server has it; kResourceExhausted at the limit.
// Threads: any; the objects hold scratch and belong to one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::codec {

inline bool is_gzip(std::string_view body) {
  return body.size() >= 2 && body[0] == '\x1f' && body[1] == '\x8b';
}

// Capacity that gunzip() leaves behind its output: readers append padding up to this without another allocation.
inline constexpr std::size_t kSpareBytes = 64;

// What `body` says it has unpacked, its own size if it is not gzip. Nothing has checked it.
std::uint64_t claimed_size(std::string_view body);

// A raw deflate stream, as a ZIP entry holds it; nothing when it would not be smaller than `data`.
std::optional<std::string> deflated(std::string_view data);

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Result<> gunzip(std::string_view in, std::uint64_t limit_bytes, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A fixed Huffman table made of how often each symbol occurs in what it shall pack: less time for some more bytes. It packs
// any bytes if every count is at least 1. Made once, used by any thread.
class DeflateTable {
 public:
  DeflateTable(std::span<const std::uint32_t, 286> literals_and_lengths,
               std::span<const std::uint32_t, 30> distances);
  ~DeflateTable();

 private:
  friend class Deflater;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Deflater {
 public:
  explicit Deflater(const DeflateTable* fixed = nullptr);  // null: tables of its own for every block
  ~Deflater();
  void gzip(std::string_view in, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::codec
